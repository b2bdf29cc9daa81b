/** All of them. */
import { certificateTextRows } from "./certificate-text-rows.ts";
import { configRows, dpsRows } from "./dps-rows.ts";
import { hubRows } from "./hub-rows.ts";
import { imageRows } from "./image-rows.ts";
import { mqttRows } from "./mqtt-rows.ts";
import { textRows } from "./text-rows.ts";
import { tlsRows } from "./tls-rows.js";
import { updateRows } from "./update-rows.ts";
import { x509Rows } from "./x509-rows.ts";

export const allRows = () =>
	[
		textRows,
		x509Rows,
		certificateTextRows,
		mqttRows,
		hubRows,
		dpsRows,
		configRows,
		updateRows,
		imageRows,
		tlsRows,
	].flatMap((rows) => rows());
