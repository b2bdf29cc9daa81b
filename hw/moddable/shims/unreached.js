/**
 * Functions and methods of a library that the device never calls, by name, and with them what only they call: methods are left out,
 * functions, static ones and constructors, which something names, throw instead.
 */

/** `missing` is told the name of one that is not there. Where there are several, all of them. */
export function withoutBodies(code, names, missing) {
	const stub = (head) =>
		/function |static |constructor/.test(head) ? `${head}) { throw new Error("not for a device") }\n` : "";
	let lean = code;
	for (const name of names) {
		const pattern = new RegExp(
			`^((  |    |        |)(?:export |static |function )*${name} ?\\()[^)]*\\) \\{\\n[^]*?^\\2\\}\\n`,
			"gm",
		);
		if (lean.search(pattern) < 0) missing(name);
		lean = lean.replace(pattern, (_, head) => stub(head));
	}
	return lean;
}
