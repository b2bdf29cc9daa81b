/** All of it, made anew for each time that it is played. */
import { archiveRows } from "./archive-rows.ts";
import type { HostileCloud } from "./cloud.ts";
import { updateRows } from "./http-rows.ts";
import { messageRows } from "./message-rows.ts";
import { dpsRows, hubRows, twinRows } from "./mqtt-rows.ts";
import { renewalRows } from "./renewal-rows.ts";
import type { Row } from "./row.ts";
import { tlsRows } from "./tls-rows.ts";

/** The first one is nothing at all: the device enrols. Those that take a credential away come last. */
export const allRows = ({ cloud }: HostileCloud): Row[] => [
	...hubRows(),
	...twinRows(),
	...messageRows(),
	...renewalRows(),
	...updateRows((name) => cloud.downloads.url(name)),
	...archiveRows(cloud),
	...tlsRows(),
	...dpsRows(),
];
