/** An application that tries what it must not: reports what it could reach. */
export default function prisoner(device) {
	const escapes = [];
	const attempt = (name, action) => {
		try {
			if (action()) escapes.push(name);
		} catch {
			// As it should be.
		}
	};
	for (const name of ["screen", "System", "crypto", "Resource", "require", "Timer", "config"])
		attempt(name, () => globalThis[name] !== undefined);
	// Of the engine, and in every compartment; it only throws at run time.
	attempt("native", () => globalThis.native("xs_app_version") !== undefined);
	for (const specifier of ["enrollee", "enrollee/store", "enrollee/key", "enrollee/system", "embedded:storage/files"])
		attempt(specifier, () => new Compartment({ modules: { it: { source: specifier } } }).importNow("it"));
	attempt("namespace", () => new Compartment({ modules: { it: { namespace: "enrollee/store" } } }).importNow("it"));
	for (const prototype of [Array.prototype, Uint8Array.prototype, Object.prototype, Promise.prototype, Map.prototype])
		attempt(`prototype of ${prototype.constructor.name}`, () => {
			prototype.stolen = true;
			return prototype.stolen;
		});
	attempt("Uint8Array.prototype.set", () => {
		const { set } = Uint8Array.prototype;
		Uint8Array.prototype.set = () => {};
		return Uint8Array.prototype.set !== set;
	});
	attempt("device", () => {
		device.telemetry = () => {};
		return true;
	});
	attempt("agent", () => Object.keys(device).join() !== "telemetry,report,after,now,log,confirm");
	attempt("Function of the host", () => device.telemetry.constructor("return this")().screen);
	device.report({ escapes: escapes.join() || "none" }, (fault) => fault || device.confirm());
}
