/**
 * An XS archive of an app (.xsa: "XS Archive Format" in Moddable's documentation of mods, written by xsl, read by
 * fxMapArchive), checked as it comes: XS_A{VERS SIGN NAME SYMB IDEN MAPS MODS{PATH CODE}* RSRC{}}, sizes big-endian,
 * numbers little-endian.
 *
 * Refused: any other atom, order or size; identifiers that an engine has mapped already; indexes beyond the symbols
 * (the engine would follow them); data resources; and with a host: another version of XS, bytecode that the engine would walk out
 * of, modules outside app/, without app/main, or in the place of the host's. SIGN is an MD5 that no engine checks, and neither does this.
 */
import { Fault, printable } from "../fault.ts";
import { CodeWalk } from "./bytecode.ts";
import { SymbolWalk } from "./symbols.ts";

/** What an archive must fit. */
export interface ArchiveHost {
	/** Of XS: "major.minor". */
	readonly version: string;
	/** Whether the image has a module of that name. */
	has(module: string): boolean;
	/** As XS has them by opcode (gxCodeSizes, bytecode.ts). undefined: what is in a CODE is not looked at. */
	readonly codeSizes?: Int8Array | undefined;
}

export interface ArchiveModule {
	readonly path: string;
	/** Of bytecode. */
	readonly bytes: number;
}

/** Where an app begins: this module's default export. */
export const APP_MAIN = "app/main";

/** Of NAME and PATH, without the NUL. */
const MAX_TEXT_BYTES = 64;
const MAX_MODULES = 32;
const HEADER_BYTES = 8;

type Atom = "XS_A" | "VERS" | "SIGN" | "NAME" | "SYMB" | "IDEN" | "MAPS" | "MODS" | "PATH" | "CODE" | "RSRC";

export class ArchiveReader {
	readonly #size: number;
	readonly #host: ArchiveHost | undefined;
	/** Bytes taken. */
	#at = 0;
	/** What is being read, up to `#until`: an atom's header or its content. */
	#atom: Atom = "XS_A";
	#inHeader = true;
	#until = HEADER_BYTES;
	#modulesEnd = 0;
	#path = "";
	#done = false;
	/** A header, a text or the version. */
	readonly #held = new Uint8Array(MAX_TEXT_BYTES + 1);
	#filled = 0;
	readonly #symbols = new SymbolWalk();
	/** The first byte of an index of MAPS, when the second has not come yet. */
	#low = -1;
	#indexes = 0;
	readonly #walk: CodeWalk | undefined;

	/** Known as far as the archive has been read. */
	version = "";
	name = "";
	readonly modules: ArchiveModule[] = [];

	get symbols(): number {
		return this.#symbols.count;
	}

	/** `size`: bytes of the whole archive. Without a host only the structure is checked. */
	constructor(size: number, host?: ArchiveHost) {
		this.#size = size;
		this.#host = host;
		const sizes = host?.codeSizes;
		this.#walk = sizes && new CodeWalk(sizes);
	}

	/** The next bytes, as many as there are. Throws Fault ota.image; the reader is of no use then. */
	push(bytes: Uint8Array): void {
		if (bytes.length > this.#size - this.#at) throw refused(`goes on after its ${this.#size} bytes`);
		for (let from = 0; from < bytes.length; ) {
			const part = bytes.subarray(from, from + this.#until - this.#at);
			this.#read(part);
			from += part.length;
			this.#at += part.length;
			while (this.#at === this.#until && !this.#done) this.#proceed();
		}
	}

	/** Throws Fault ota.image when anything is missing. */
	end(): void {
		if (!this.#done) throw refused(`ends after ${this.#at} of ${this.#size} bytes, in ${this.#atom}`);
	}

	#read(bytes: Uint8Array): void {
		if (!this.#inHeader && this.#atom === "SYMB") check("SYMB", this.#symbols.read(bytes));
		else if (!this.#inHeader && this.#atom === "IDEN") checkUnmapped(bytes);
		else if (!this.#inHeader && this.#atom === "MAPS") this.#readIndexes(bytes);
		else if (!this.#inHeader && this.#atom === "CODE") check(this.#path, this.#walk?.read(bytes));
		else if (this.#inHeader || isHeld(this.#atom)) {
			this.#held.set(bytes, this.#filled);
			this.#filled += bytes.length;
		}
	}

	#readIndexes(bytes: Uint8Array): void {
		for (const byte of bytes) {
			const index = this.#low | (byte << 8);
			if (this.#low >= 0 && index >= this.symbols) throw refused(`MAPS names symbol ${index} of ${this.symbols}`);
			this.#low = this.#low < 0 ? byte : -1;
		}
	}

	/** A header or a content is complete. */
	#proceed(): void {
		const held = this.#held.subarray(0, this.#filled);
		this.#filled = 0;
		if (this.#inHeader) {
			this.#open(held);
			return;
		}
		const next = this.#close(held);
		if (next === undefined) this.#done = true;
		else this.#expect(next);
	}

	#open(header: Uint8Array): void {
		const type = String.fromCharCode(...header.subarray(4));
		if (type !== this.#atom) throw refused(`${printable(type)} at ${this.#at - HEADER_BYTES}, expected ${this.#atom}`);
		const bytes = ((header[0]! << 24) | (header[1]! << 16) | (header[2]! << 8) | header[3]!) - HEADER_BYTES;
		if (bytes < 0 || bytes > this.#parentEnd() - this.#at || !this.#fits(bytes))
			throw refused(`${bytes} bytes in ${type} at ${this.#at - HEADER_BYTES}`);
		this.#inHeader = false;
		if (type === "MAPS") this.#indexes = bytes / 2;
		if (type === "MODS") this.#modulesEnd = this.#at + bytes;
		if (type === "CODE") this.modules.push({ path: this.#path, bytes });
		// These two hold atoms: no content of their own.
		if (type !== "XS_A" && type !== "MODS") this.#until = this.#at + bytes;
	}

	#fits(bytes: number): boolean {
		const atom = this.#atom;
		if (atom === "XS_A") return bytes === this.#size - HEADER_BYTES;
		if (atom === "VERS") return bytes === 4;
		if (atom === "SIGN") return bytes === 16;
		if (atom === "NAME" || atom === "PATH") return bytes <= MAX_TEXT_BYTES + 1;
		if (atom === "SYMB") return bytes > 2;
		if (atom === "IDEN") return bytes === 2 * this.symbols;
		if (atom === "MAPS") return bytes % 2 === 0;
		if (atom === "CODE") return bytes > 0;
		return atom === "MODS" || bytes === 0;
	}

	/** Gives the atom that follows; none after the last. */
	#close(held: Uint8Array): Atom | undefined {
		switch (this.#atom) {
			case "XS_A":
				return "VERS";
			case "VERS":
				this.version = `${held[0]}.${held[1]}`;
				if (held[3] !== 0) throw refused("VERS ends in an unknown byte");
				if (this.#host !== undefined && this.#host.version !== this.version)
					throw refused(`made for XS ${this.version}, expected ${this.#host.version}`);
				return "SIGN";
			case "SIGN":
				return "NAME";
			case "NAME":
				this.name = readText(held, "NAME");
				return "SYMB";
			case "SYMB":
				if (!this.#symbols.isComplete) throw refused("SYMB ends within its symbols");
				return "IDEN";
			case "IDEN":
				return "MAPS";
			case "MAPS":
				return "MODS";
			case "PATH":
				this.#path = readText(held, "PATH");
				this.#checkPath(this.#path);
				return "CODE";
			case "MODS":
			case "CODE":
				if (this.#walk?.isBetween === false) throw refused(`${this.#path} ends within an instruction`);
				if (this.#at < this.#modulesEnd) return "PATH";
				if (this.#host !== undefined && !this.#has(APP_MAIN)) throw refused(`no module ${APP_MAIN}`);
				if (this.#walk && this.#walk.identifiers !== this.#indexes)
					throw refused(`${this.#walk.identifiers} identifiers in its code, ${this.#indexes} in MAPS`);
				return "RSRC";
			case "RSRC":
				if (this.#at !== this.#size) throw refused(`${this.#size - this.#at} bytes after RSRC`);
				return undefined;
		}
	}

	#expect(atom: Atom): void {
		this.#atom = atom;
		this.#inHeader = true;
		this.#until = this.#at + HEADER_BYTES;
		if (this.#until > this.#parentEnd()) throw refused(`no room for ${atom} at ${this.#at}`);
	}

	#parentEnd(): number {
		return this.#atom === "PATH" || this.#atom === "CODE" ? this.#modulesEnd : this.#size;
	}

	#checkPath(path: string): void {
		if (this.#has(path)) throw refused(`${path} twice`);
		if (this.modules.length === MAX_MODULES) throw refused(`more than ${MAX_MODULES} modules`);
		if (this.#host === undefined) return;
		if (this.#host.has(path)) throw refused(`${path} would take the place of the image's own module`);
		const isApp = /^app(\/[a-z0-9_.-]+)+$/.test(path) && !path.split("/").some((name) => name === "." || name === "..");
		if (!isApp) throw refused(`module ${path}: expected app/ and names of a-z 0-9 _ . -`);
	}

	#has(path: string): boolean {
		return this.modules.some((module) => module.path === path);
	}
}

function isHeld(atom: Atom): boolean {
	return atom === "VERS" || atom === "NAME" || atom === "PATH";
}

function check(where: string, problem: string | undefined): void {
	if (problem !== undefined) throw refused(`${where} has ${problem}`);
}

/** The linker leaves zeros; what an engine has written here would make another one leave the code as it is. */
function checkUnmapped(identifiers: Uint8Array): void {
	if (identifiers.some((byte) => byte !== 0)) throw refused("an engine has mapped its symbols: not as xsl left it");
}

/** Visible ASCII that ends in its only NUL. */
function readText(bytes: Uint8Array, atom: Atom): string {
	const text = String.fromCharCode(...bytes.subarray(0, -1));
	if (bytes[bytes.length - 1] !== 0 || text === "" || /[^\x21-\x7e]/.test(text))
		throw refused(`${atom} is no text: ${printable(text)}`);
	return text;
}

function refused(what: string): Fault {
	return new Fault("ota.image", `XS archive: ${what}`);
}
