/** A hub session as `agent.ts` holds it: the session, the credential it runs under, its messages and its end. */
import type { Config } from "./config.ts";
import { type Credential, identityOf } from "./credential/record.ts";
import { Fault } from "./fault.ts";
import { type HubSession, openHub } from "./hub/session.ts";
import type { Clock, Log, Wire } from "./port.ts";
import type { Waiting } from "./waiting.ts";

/** What the hub may send before anybody listens: it delivers what it kept as soon as we are back. */
const MOST_EARLY_MESSAGES = 8;

export class Link {
	readonly session: HubSession;
	readonly credential: Credential;
	/** Settles when the session has ended; without a Fault when we closed it. */
	readonly ended: Promise<Fault | undefined>;
	/** By Clock.ticks. */
	readonly openedTicks: number;
	#early: [topic: string, payload: Uint8Array][] = [];
	#listener: ((topic: string, payload: Uint8Array) => void) | undefined;

	constructor(session: HubSession, credential: Credential, ended: Promise<Fault | undefined>, openedTicks: number) {
		this.session = session;
		this.credential = credential;
		this.ended = ended;
		this.openedTicks = openedTicks;
	}

	/** Who gets the messages from now on, beginning with those that nobody has got yet. */
	listen(listener: ((topic: string, payload: Uint8Array) => void) | undefined): void {
		this.#listener = listener;
		while (this.#listener === listener && listener && this.#early.length > 0) listener(...this.#early.shift()!);
	}

	message(topic: string, payload: Uint8Array): void {
		if (this.#listener) this.#listener(topic, payload);
		else if (this.#early.length < MOST_EARLY_MESSAGES) this.#early.push([topic, payload]);
	}
}

export interface LinkOptions {
	readonly wire: Wire;
	readonly clock: Clock;
	readonly log: Log;
	readonly config: Config;
	readonly waiting: Waiting;
}

/** Throws the Fault that prevented the session. */
export async function openLink({ waiting, ...options }: LinkOptions, credential: Credential): Promise<Link> {
	const { config, clock } = options;
	const bundle = config.trustBundle === "install" ? credential.trustBundle?.certificates : undefined;
	const hub = {
		...options,
		hub: config.hub ?? credential.hub,
		deviceId: credential.deviceId,
		identity: identityOf(credential),
		anchors: config.anchors,
		...(bundle ? { additionalAnchors: bundle } : {}),
	};
	return await waiting.until<Link>((resolve, reject) => {
		let end = (_fault?: Fault): void => {};
		const ended = new Promise<Fault | undefined>((settle) => {
			end = settle;
		});
		let link: Link | undefined;
		const session: HubSession = openHub(hub, {
			onOpen() {
				link = new Link(session, credential, ended, clock.ticks());
				resolve(link);
			},
			onMessage(topic, payload) {
				link?.message(topic, payload);
			},
			onClose(fault) {
				reject(fault ?? new Fault("agent.closed", "closed while connecting"));
				end(fault);
			},
		});
		return () => session.close();
	});
}
