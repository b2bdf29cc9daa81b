/**
 * The user name of CONNECT, which tells DPS and hub apart, and the api-versions that each of them knows.
 *
 * `{idScope}/registrations/{id}/api-version=...` is DPS; `{host}/{deviceId}[/{moduleId}]/?api-version=...` the hub. The
 * parameters may come in any order and without `?` or version: Microsoft only recommends one ("Use MQTT to communicate with
 * Azure IoT Hub", 2023-06-27), and clients of 2016 wrote `/api-version=` as a part of the path. No document says whether a
 * parameter must have a value: behind `?` any will do.
 */
import { properties } from "./topic.ts";

export type User =
	| { readonly service: "dps"; readonly idScope: string; readonly registrationId: string; readonly apiVersion: string }
	| {
			readonly service: "hub";
			/** Host or host:port. */
			readonly host: string;
			readonly deviceId: string;
			/** "" where the device itself connects. */
			readonly moduleId: string;
			readonly apiVersion: string;
	  };

/** Ids have 128, and a name of a model, among the parameters, 2,048. */
const MAX_CHARACTERS = 4096;

/** What a user name without api-version stands for: the last generally available ones. */
const DPS_DEFAULT = "2021-06-01";
const HUB_DEFAULT = "2021-04-12";

/** As Microsoft's SDKs and REST references have named them; the previews are those with certificates. */
const DPS_VERSIONS = [
	"2017-11-15",
	"2018-11-01",
	"2019-03-31",
	DPS_DEFAULT,
	"2021-10-01",
	"2021-11-01-preview",
	"2025-07-01-preview",
	"2026-11-02-preview",
];
const HUB_VERSIONS = [
	"2016-02-03",
	"2016-11-14",
	"2017-06-30",
	"2017-11-08-preview",
	"2018-04-01",
	"2018-06-30",
	"2018-08-30-preview",
	"2019-03-30",
	"2019-07-01-preview",
	"2019-10-01",
	"2020-03-01",
	"2020-03-13",
	"2020-05-31-preview",
	"2020-09-30",
	HUB_DEFAULT,
	"2025-08-01-preview",
];

export function isKnownVersion(service: User["service"], apiVersion: string): boolean {
	return (service === "dps" ? DPS_VERSIONS : HUB_VERSIONS).includes(apiVersion);
}

/** The user name, or undefined: neither service's, or longer than anybody's. */
export function parseUser(username: string): User | undefined {
	if (username.length > MAX_CHARACTERS) return undefined;
	// By hand: a pattern for this goes back and forth over what strangers send.
	const [first, afterFirst] = level(username);
	const [second, afterSecond] = below(afterFirst);
	if (first === "" || second === "") return undefined;
	const [third, afterThird] = below(afterSecond);
	if (second === "registrations" && third !== "") {
		const apiVersion = versionIn(afterThird, DPS_DEFAULT);
		if (apiVersion !== undefined) return { service: "dps", idScope: first, registrationId: third, apiVersion };
	}
	const moduleId = third.includes("=") ? "" : third;
	const apiVersion = versionIn(moduleId === "" ? afterSecond : afterThird, HUB_DEFAULT);
	return apiVersion === undefined ? undefined : { service: "hub", host: first, deviceId: second, moduleId, apiVersion };
}

/** What stands before the next `/` or `?`, and what begins there. */
function level(text: string): [name: string, rest: string] {
	const end = text.search(/[/?]/);
	return end < 0 ? [text, ""] : [text.slice(0, end), text.slice(end)];
}

/** The same of what follows a `/`. */
function below(rest: string): [name: string, rest: string] {
	return rest.startsWith("/") ? level(rest.slice(1)) : ["", rest];
}

/** Of the parameters at the end, behind `?`, or the first behind `/`; undefined where something else stands there. */
function versionIn(rest: string, otherwise: string): string | undefined {
	const text = rest.startsWith("/") ? rest.slice(1) : rest;
	const isQuery = text === "" || text.startsWith("?");
	if (!isQuery && !/^[^/=]+=/.test(text)) return undefined;
	return properties(isQuery ? text.slice(1) : text).get("api-version") ?? otherwise;
}
