/** All of it, made anew for each time that it is played. */
import { type Archives, archiveRows } from "./archive-rows.ts";
import { certificateRows } from "./certificate-rows.ts";
import type { HostileCloud } from "./cloud.ts";
import { updateRows } from "./http-rows.ts";
import { messageRows } from "./message-rows.ts";
import { dpsRows, hubRows, twinRows } from "./mqtt-rows.ts";
import { renewalRows } from "./renewal-rows.ts";
import type { Row } from "./row.ts";
import { tlsRows } from "./tls-rows.ts";

/** The first one is nothing at all: the device enrols. Those that take a credential away come last. */
/** `archives`: of the engine that is to read them. */
export const allRows = ({ cloud }: HostileCloud, archives?: Archives): Row[] => [
	...hubRows(),
	...twinRows(),
	...messageRows(),
	...certificateRows("renewal"),
	...renewalRows((name) => cloud.downloads.url(name)),
	...updateRows((name) => cloud.downloads.url(name)),
	...archiveRows(cloud, archives),
	...tlsRows(),
	...certificateRows("dps"),
	...dpsRows(),
];
