/** A Session by itself, for tests: what it wrote and what it reported, in order. The broker's bytes come from mqtt-packet. */
import assert from "node:assert/strict";
import { generate, type Packet, parser } from "mqtt-packet";
import type { Fault } from "../../src/fault.ts";
import { Session, type SessionOptions } from "../../src/mqtt/session.ts";

const OPTIONS: SessionOptions = {
	clientId: "dev-001",
	username: "hub/dev-001",
	clean: true,
	keepAliveSeconds: 240,
	maxPacketBytes: 1000,
	timeoutSeconds: 30,
};

export const CONNACK: Packet = { cmd: "connack", returnCode: 0, sessionPresent: false };

/** A session, what it wrote and what it reported, in order. */
export function open(
	options: Partial<SessionOptions> = {},
	react: (report: string, session: Session) => void = () => {},
	takesLarge = true,
) {
	const reports: string[] = [];
	const report = (text: string): void => {
		reports.push(text);
		react(text, session);
	};
	const faults: (Fault | undefined)[] = [];
	const session: Session = new Session(
		{ ...OPTIONS, ...options },
		{
			onOpen: (present) => report(`open ${present}`),
			onMessage: (topic, payload) => report(`message ${topic} ${payload.length}`),
			...(takesLarge && {
				onLarge(topic: string, bytes: number) {
					report(`large ${topic} ${bytes}`);
					let length = 0;
					return {
						push(part: Uint8Array) {
							length += part.length;
						},
						end: () => report(`end ${length}`),
					};
				},
			}),
			onClose: (fault) => {
				faults.push(fault);
				report(`close ${fault?.code}`);
			},
		},
		{
			write: (bytes) =>
				parser({ protocolVersion: 4 })
					.on("packet", ({ cmd, messageId }) => report(`> ${cmd}${messageId ? ` ${messageId}` : ""}`))
					.parse(Buffer.from(bytes)),
			close: () => report("> end"),
		},
	);
	return {
		session,
		faults,
		done: (name: string) => (fault?: Fault) => {
			faults.push(fault);
			report(`${name} ${fault?.code ?? "done"}`);
		},
		receive: (packet: Packet, now = 0) => session.receive(generate(packet), now),
		/** What was reported since the last look. */
		seen: () => reports.splice(0),
	};
}

/** One that has its CONNACK, at time 0. */
export function opened(
	options: Partial<SessionOptions> = {},
	react?: (report: string, session: Session) => void,
	takesLarge?: boolean,
) {
	const all = open(options, react, takesLarge);
	all.session.start(0);
	all.receive(CONNACK);
	assert.deepEqual(all.seen(), ["> connect", "open false"]);
	return all;
}
