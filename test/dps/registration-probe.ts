/** A Registration by itself, for tests: registered, and answered by hand. */
import { type Action, Registration, type Request } from "../../src/dps/registration.ts";

const PIECE = 100;
/** A CSR that nobody looks at. */
export const CSR = Uint8Array.of(0x30, 0x03, 0x02, 0x01, 0x00);

export function begin(more: Partial<Request> = {}): Registration {
	const registration = new Registration({
		dialect: "2025-07-01-preview",
		registrationId: "dev-001",
		csr: CSR,
		maxMessageBytes: 131_072,
		...more,
	});
	registration.register();
	return registration;
}

/** In pieces, as a large answer comes. */
export function answered(
	registration: Registration,
	response: Parameters<Registration["open"]>[0],
	payload: Uint8Array,
): Action {
	const reader = registration.open(response);
	for (let at = 0; at < payload.length; at += PIECE) reader.push(payload.subarray(at, at + PIECE));
	return registration.answer(reader);
}
