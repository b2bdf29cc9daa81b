/** The page's files, from the folder page/ beside this module (in dist as in the sources). Nothing in them is secret. */
import { readFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";

const TYPES = {
	"index.html": "text/html",
	"style.css": "text/css",
	"parts.css": "text/css",
	"log.css": "text/css",
	"main.js": "text/javascript",
	"api.js": "text/javascript",
	"cloud.js": "text/javascript",
	"device.js": "text/javascript",
	"actions.js": "text/javascript",
	"dialog.js": "text/javascript",
	"dom.js": "text/javascript",
	"entries.js": "text/javascript",
	"exports.js": "text/javascript",
	"form.js": "text/javascript",
	"list.js": "text/javascript",
	"log.js": "text/javascript",
	"model.js": "text/javascript",
	"numbers.js": "text/javascript",
	"plot.js": "text/javascript",
	"save.js": "text/javascript",
	"time.js": "text/javascript",
} as const;

/** Scripts and styles of this origin only; nothing may frame the page. */
const POLICY = [
	"default-src 'none'",
	"script-src 'self'",
	"style-src 'self'",
	"connect-src 'self'",
	"img-src data:",
	"base-uri 'none'",
	"form-action 'none'",
	"frame-ancestors 'none'",
].join("; ");

/** False: not one of the page's files. */
export async function servePage(pathname: string, response: ServerResponse): Promise<boolean> {
	const name = pathname === "/" ? "index.html" : pathname.replace(/^\/page\//, "");
	if (!isFile(name)) return false;
	const text = await readFile(new URL(`./page/${name}`, import.meta.url));
	response.writeHead(200, {
		"content-type": `${TYPES[name]}; charset=utf-8`,
		"content-security-policy": POLICY,
		"cache-control": "no-store",
		"referrer-policy": "no-referrer",
		"x-content-type-options": "nosniff",
	});
	response.end(text);
	return true;
}

function isFile(name: string): name is keyof typeof TYPES {
	return Object.hasOwn(TYPES, name);
}
