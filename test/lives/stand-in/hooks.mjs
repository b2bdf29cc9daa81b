/**
 * Module hooks (node:module) that choose the flavour of what a life runs on, as `#formulas` is chosen for a device:
 * `data.replace` maps modules of src to stand-ins. A stand-in itself still gets the true module.
 */
const replacements = new Map();

export function initialize({ replace }) {
	for (const [original, standIn] of replace) replacements.set(original, standIn);
}

export async function resolve(specifier, context, next) {
	const found = await next(specifier, context);
	const standIn = replacements.get(found.url.split("?")[0]);
	if (standIn === undefined || context.parentURL?.includes("/stand-in/")) return found;
	return await next(standIn, context);
}
