/** Does nothing, where something may be to be cancelled: one for all, since on XS each closure has its slots in RAM. */
export const idle = (): void => {};
