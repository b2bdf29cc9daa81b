/** A board's store over the simulator's files, which are what NVS is there: names with a stroke are flat. */
export class Flash {
	constructor(files) {
		this.files = files;
	}
	get(name) {
		return this.files.get(name.replace("/", "."));
	}
	put(name, bytes) {
		this.files.put(name.replace("/", "."), bytes);
	}
	delete(name) {
		this.files.delete(name.replace("/", "."));
	}
}
