/** A linked image (ELF of 32 bits, little endian; TIS ELF 1.2): where its symbols are, and how large its sections. */

interface Section {
	readonly name: string;
	readonly type: number;
	readonly offset: number;
	readonly size: number;
	readonly link: number;
}

const SYMBOLS = 2;

/** The value of a symbol. Throws where there is none of that name. */
export function addressOf(elf: Buffer, name: string): number {
	const all = sections(elf);
	const symbols = all.find(({ type }) => type === SYMBOLS)!;
	const names = all[symbols.link]!;
	for (let at = symbols.offset; at < symbols.offset + symbols.size; at += 16)
		if (text(elf, names.offset + elf.readUInt32LE(at)) === name) return elf.readUInt32LE(at + 4);
	throw new Error(`the image has no symbol ${name}`);
}

export function sections(elf: Buffer): Section[] {
	const headers = Array.from(
		{ length: elf.readUInt16LE(48) },
		(_, n) => elf.readUInt32LE(32) + n * elf.readUInt16LE(46),
	);
	const names = elf.readUInt32LE(headers[elf.readUInt16LE(50)]! + 16);
	return headers.map((at) => ({
		name: text(elf, names + elf.readUInt32LE(at)),
		type: elf.readUInt32LE(at + 4),
		offset: elf.readUInt32LE(at + 16),
		size: elf.readUInt32LE(at + 20),
		link: elf.readUInt32LE(at + 24),
	}));
}

const text = (elf: Buffer, at: number): string => elf.toString("latin1", at, elf.indexOf(0, at));
