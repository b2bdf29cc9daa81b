/** The machine's memory, now: chunks, slots, stack. Instrumented builds only; read by bench/memory.ts. */
const print = native("xs_bench_sample");

export function sample(name) {
	trace(`sample ${name}\n`);
	print.call();
}
