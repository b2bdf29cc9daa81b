/** The key whose certificate is still on its way, as the journal keeps it: a record of its own. */
import { utf8, utf8Text } from "../base/bytes.ts";
import type { CurveName, Keystore, Signer } from "../port.ts";
import { curveOfKey, decodeKey, decodeRecord, encodeKey, encodeRecord, type Field, refusedCurve } from "./record.ts";

export interface Pending {
	readonly key: Signer;
	/** The curve that the service has refused before this one; the key's own where the hub has refused both. */
	readonly refused?: CurveName;
	/** The request id at the hub (dialect C); absent for a CSR that goes through DPS. */
	readonly requestId?: string;
}

/** For a key with its request id. */
export const PENDING_BYTES = 256;
const Tag = { requestId: 20, refused: 21 } as const;

export function encodePending({ key, requestId, refused }: Pending): Uint8Array {
	const fields = encodeKey(key);
	if (requestId !== undefined) fields.push({ tag: Tag.requestId, bytes: utf8(requestId) });
	if (refused !== undefined) fields.push({ tag: Tag.refused, bytes: utf8(refused) });
	return encodeRecord(0, fields);
}

/** Throws Fault store.damaged, store.newer; key.lost, key.replaced. */
export function decodePending(blob: Uint8Array, keystore: Keystore | undefined): Pending {
	const { fields } = decodeRecord(blob);
	const refused = refusedCurve(fields, Tag.refused);
	const requestId = requestIdIn(fields);
	return {
		key: decodeKey(fields, keystore),
		...(refused ? { refused } : {}),
		...(requestId === undefined ? {} : { requestId }),
	};
}

/** Without making the key. */
export const requestIdOf = (blob: Uint8Array): string | undefined => requestIdIn(decodeRecord(blob).fields);

/** Without making the key. */
export function isRefusedOnBoth(blob: Uint8Array): boolean {
	const { fields } = decodeRecord(blob);
	return fields.length > 0 && refusedCurve(fields, Tag.refused) === curveOfKey(fields);
}

function requestIdIn(fields: readonly Field[]): string | undefined {
	const requestId = fields.find((field) => field.tag === Tag.requestId);
	return requestId && utf8Text(requestId.bytes);
}
