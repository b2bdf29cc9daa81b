/** Bytes of chunks allocated since the start of the machine. */
const read = native("xs_bench_allocated");

export const allocated = () => read.call();
