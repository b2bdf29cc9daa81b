/** A parser of foreign bytes, with an input that can be made of any size: what it costs must grow as the input does. */
export interface Row {
	readonly name: string;
	/** Who reads it, as FILE and EXPORT. */
	readonly of: readonly string[];
	/** Of the larger input, in a unit of the row's own, as large as the parser takes it; the smaller one is a quarter. */
	readonly most: number;
	/** The input is refused, and only at its end. */
	readonly isRefused?: true;
	/** Makes the input; what it gives is counted. */
	prepare(size: number): () => unknown;
}

export const times = <T>(count: number, make: (i: number) => T): T[] =>
	Array.from({ length: count }, (_, i) => make(i));

/** In pieces of so many bytes. */
export function* pieces(bytes: Uint8Array, length: number): Generator<Uint8Array> {
	for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

/** Of an object, without its braces. */
export const members = (size: number): string => times(size, (i) => `"m${i.toString(36)}":${i}`).join(",");

export const over =
	<T>(input: T, read: (input: T) => unknown) =>
	(): unknown =>
		read(input);
