export function environment(name: string): string | undefined;
export function exit(code: number): void;
