/**
 * What the Moddable SDK gives and hw/moddable uses, so that the type check needs no SDK: @moddable/typings where it has the
 * module, and what it lacks, as far as it is used, below.
 */
/// <reference types="@moddable/typings/net" />
/// <reference types="@moddable/typings/time" />
/// <reference types="@moddable/typings/timer" />

declare function trace(...text: (string | number | boolean)[]): void;

/** XS: the C function of that name, linked into the image. */
declare function native(name: string): (...parameters: unknown[]) => unknown;

declare var crypto: { getRandomValues<T extends ArrayBufferView>(view: T): T } | undefined;

declare var System: { restart(): never };

/** XS: a host within the host, with built-ins and modules of its own ("XS Compartment" in the SDK's documentation). */
declare class Compartment {
	constructor(options: { modules?: Readonly<Record<string, { source: string }>> });
	importNow(specifier: string): { readonly default?: unknown };
}

declare module "embedded:network/interface/wifi" {
	export default class WiFi {
		constructor(options: { onChanged?: (property: string) => void });
		readonly connection: number;
		readonly address: string | undefined;
		connect(options: { SSID: string; password?: string; secure?: boolean }): void;
		close(): void;
	}
}

declare module "embedded:network/interface/ethernet" {
	export default class Ethernet {
		constructor(options: { onChanged?: (property: string) => void });
		readonly connection: number;
		readonly address: string | undefined;
		connect(): void;
	}
}

declare module "text/decoder" {
	export default class TextDecoder {
		constructor(label: string, options: { fatal?: boolean; ignoreBOM?: boolean });
		decode(bytes: Uint8Array): string;
	}
}

declare module "text/encoder" {
	export default class TextEncoder {
		encode(text: string): Uint8Array;
	}
}

declare module "mc/config" {
	const config: Readonly<Record<string, unknown>>;
	export default config;
}

declare module "embedded:io/socket/tcp" {
	export interface TCPOptions {
		address: string;
		port: number;
		nodelay?: boolean;
		onReadable?: (this: TCP, count: number) => void;
		onWritable?: (this: TCP, count: number) => void;
		onError?: (this: TCP) => void;
	}
	export default class TCP {
		constructor(options: TCPOptions);
		read(count?: number | Uint8Array): ArrayBuffer | number | undefined;
		/** How much more can be written; undefined when the socket has failed. */
		write(bytes: ArrayBuffer | Uint8Array): number | undefined;
		close(): void;
	}
}

declare module "embedded:io/socket/udp" {
	export default class UDP {
		constructor(options: { onReadable?: (packets: number) => void });
		read(): ArrayBuffer;
		write(bytes: Uint8Array, address: string, port: number): void;
		close(): void;
	}
}

declare module "embedded:storage/key-value" {
	export interface Domain {
		read(key: string): ArrayBuffer | string | number | undefined;
		write(key: string, value: ArrayBuffer | Uint8Array | string | number): void;
		delete(key: string): boolean;
		close(): void;
	}
	const keyValue: { open(options: { path: string; mode?: "r" | "r+"; format?: "buffer" | "string" }): Domain };
	export default keyValue;
}

declare module "embedded:storage/flash" {
	export interface Flash {
		status(): { readonly size: number };
		/** Numbers of 4096-byte sectors; `end` is not erased. */
		eraseBlock(start: number, end: number): void;
		read(count: number, position: number): ArrayBuffer;
		write(bytes: Uint8Array, position: number): void;
	}
	const flash: { open(options: { path: string; mode: "r" | "r+" }): Flash };
	export default flash;
}

declare module "embedded:storage/files" {
	export interface File {
		read(count: number, position: number): ArrayBuffer;
		write(bytes: Uint8Array, position: number): void;
		flush(): void;
		close(): void;
	}
	export interface Directory {
		openFile(options: { path: string; mode?: "r" | "r+" | "w+" }): File;
		openDirectory(options: { path: string }): Directory;
		/** False when it is there already. */
		createDirectory(path: string): boolean;
		/** No size: there is nothing of that name. */
		status(path: string): { readonly size?: number };
		move(from: string, to: string): void;
		/** False when there was none. */
		delete(path: string): boolean;
	}
	const files: Directory;
	export default files;
}

declare module "simulator" {
	export function environment(name: string): string | undefined;
	export function exit(code: number): void;
}
