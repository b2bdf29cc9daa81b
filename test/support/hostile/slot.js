/** A slot that forgets what is written: of an image it can be told only that it is not the signed one. Few slots of memory, as on a board. */
export class ForgetfulSlot {
	constructor(inspectFirmware) {
		this.inspectFirmware = inspectFirmware;
	}
	get component() {
		return "fw";
	}
	get running() {
		return "ota_0";
	}
	get sequence() {
		return 0;
	}
	get state() {
		return "valid";
	}
	get bytes() {
		return 0x1f0000;
	}
	inspect(size) {
		return this.inspectFirmware(0, size);
	}
	read(_offset, length) {
		return new Uint8Array(length);
	}
	prepare() {}
	erase() {}
	write() {}
	confirm() {}
	guard() {}
	arm() {
		throw new Error("nothing can be armed");
	}
	revert() {}
	restart() {}
}
