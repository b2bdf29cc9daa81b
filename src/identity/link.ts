/** A hub session as `agent.ts` holds it: the session, the credential it runs under, its messages and its end. */
import type { Waiting } from "../base/waiting.ts";
import type { Config } from "../config.ts";
import { Fault, printable } from "../fault.ts";
import { type HubSession, openHub } from "../hub/hub-session.ts";
import { type AnswerReader, CREDENTIALS_FILTER, openAnswer } from "../hub/issuance.ts";
import type { Sink } from "../mqtt/events.ts";
import type { Clock, Log, Wire } from "../port.ts";
import { chainBytes } from "../x509/certificate-text.ts";
import { type Held, heldOf } from "./held.ts";
import { type Credential, identityOf } from "./record.ts";

/** What a message costs that waits for its listener, besides topic and payload. */
const EARLY_BYTES = 96;
const CREDENTIALS = /* @__PURE__ */ CREDENTIALS_FILTER.slice(0, -1);

/** Gives whether the message was for it. */
export type Listener = (topic: string, payload: Uint8Array) => boolean;
/** For messages that are too large to be held: where the payload goes, if anywhere. */
export type Opener = (topic: string, bytes: number) => Sink | undefined;

/** The same for answers to a request for a certificate. */
export interface CertificateListener {
	/** What is still to come for the next one. */
	readonly awaited: Awaited | undefined;
	open(topic: string): Sink | undefined;
	/** One that came whole before there was a listener. */
	take(requestId: string, answer: AnswerReader): void;
}

/** A request from before the session, or before the next attempt at it, whose answer may come at once. */
export interface Awaited {
	readonly requestId: string;
	/** For its certificates, DER. */
	readonly room: number;
}

export class Link {
	readonly session: HubSession;
	readonly credential: Held;
	/** Settles when the session has ended; without a Fault when we closed it. */
	readonly ended: Promise<Fault | undefined>;
	/** By Clock.ticks. */
	readonly openedTicks: number;
	/** For certificates that come before their request is taken up: the hub delivers what it kept as soon as we are back. */
	readonly #mostEarlyBytes: number;
	#early: (readonly [topic: string, payload: Uint8Array])[] = [];
	#listeners: readonly Listener[] = [];
	/** Of who takes messages in parts; until then they are only told. */
	opener: Opener | undefined;
	#certificates: CertificateListener | undefined;
	/** Until somebody listens. */
	#awaited: Awaited | undefined;
	#answer: AnswerReader | undefined;

	constructor(
		session: HubSession,
		credential: Held,
		ended: Promise<Fault | undefined>,
		openedTicks: number,
		{ mostEarlyBytes, awaited }: { readonly mostEarlyBytes: number; readonly awaited: Awaited | undefined },
	) {
		this.#mostEarlyBytes = mostEarlyBytes;
		this.#awaited = awaited;
		this.session = session;
		this.credential = credential;
		this.ended = ended;
		this.openedTicks = openedTicks;
	}

	/** One more who gets the messages, beginning with those that nobody has taken yet; gives the way to stop. */
	listen(listener: Listener, certificates?: CertificateListener): () => void {
		if (certificates) this.#certificates = certificates;
		this.#listeners = [...this.#listeners, listener];
		const early = this.#early;
		this.#early = [];
		for (const [topic, payload] of early) this.message(topic, payload);
		if (certificates) {
			const [awaited, answer] = [this.#awaited, this.#answer];
			this.#awaited = this.#answer = undefined;
			if (awaited && answer) certificates.take(awaited.requestId, answer);
		}
		return () => {
			this.#listeners = this.#listeners.filter((one) => one !== listener);
			if (certificates === undefined || this.#certificates !== certificates) return;
			this.#certificates = undefined;
			this.#awaited = certificates.awaited;
		};
	}

	/** A message that is too large to be held: where its payload goes, if anywhere; false: there is nobody to ask. */
	open(topic: string, bytes: number): Sink | undefined | false {
		if (topic.startsWith(CREDENTIALS))
			return this.#certificates ? this.#certificates.open(topic) : this.#openEarly(topic);
		return this.opener ? this.opener(topic, bytes) : false;
	}

	/** Read as it comes: held are its certificates, once. */
	#openEarly(topic: string): Sink | undefined {
		const [requestId, reader] = [this.#awaited?.requestId, this.#readerOf(topic)];
		if (!reader || requestId === undefined || this.#answer) return undefined;
		return {
			push: (bytes) => reader.push(bytes),
			end: () => {
				if (this.#certificates) this.#certificates.take(requestId, reader);
				else this.#answer = reader;
			},
		};
	}

	/**
	 * Of an answer that is awaited. Any other is one that the last session had no time to acknowledge: it is closed as soon as there are
	 * certificates, and TCP gives up what is under way where the peer has sent more.
	 */
	#readerOf(topic: string): AnswerReader | undefined {
		return this.#awaited && openAnswer(topic, this.#awaited.requestId, this.#awaited.room);
	}

	/** False: a certificate that came before anybody asked, and there was no room to keep it. */
	message(topic: string, payload: Uint8Array): boolean {
		if (this.#listeners.some((listener) => listener(topic, payload))) return true;
		if (!topic.startsWith(CREDENTIALS) || !this.#readerOf(topic)) return true;
		const kept = this.#early.reduce((bytes, [name, body]) => bytes + name.length + body.length + EARLY_BYTES, 0);
		if (kept + topic.length + payload.length > this.#mostEarlyBytes) return false;
		// A copy: a view would hold all that came with it.
		this.#early.push([topic, payload.slice()]);
		return true;
	}
}

export interface LinkOptions {
	readonly wire: Wire;
	readonly clock: Clock;
	readonly log: Log;
	readonly config: Config;
	readonly waiting: Waiting;
	readonly onLink: (link: Link) => void;
}

export type Proven = (held: Held) => void;

/**
 * Throws the Fault that prevented the session. `proven` is called within the message that opened it, and then `onLink`: whoever listens
 * from there on misses nothing of what the hub had kept for us, which may come in one piece with that message.
 */
export function openLink(
	options: LinkOptions,
	credential: Credential,
	requestId: string | undefined,
	proven?: Proven,
): Promise<Link> {
	const { wire, clock, log, config, waiting } = options;
	const bundle = config.trustBundle === "install" ? credential.trustBundle?.certificates : undefined;
	const hub = {
		wire,
		clock,
		log,
		hub: config.hub ?? credential.hub,
		deviceId: credential.deviceId,
		identity: identityOf(credential),
		anchors: config.anchors,
		maxMessageBytes: config.maxMessageBytes,
		...(bundle ? { additionalAnchors: bundle } : {}),
	};
	const held = heldOf(credential);
	const awaited =
		requestId === undefined ? undefined : { requestId, room: chainBytes(config.maxMessageBytes, held.assignedBytes) };
	const early = { mostEarlyBytes: config.maxMessageBytes, awaited };
	// It holds the credential.
	let prove = proven;
	const complain = (topic: string, bytes: number): void => {
		const { code, message } = new Fault("hub.too-large", `${bytes} bytes for ${printable(topic)}, not looked at`);
		log("fault", { code, message });
	};
	return waiting.until<Link>((resolve, reject) => {
		let end = (_fault?: Fault): void => {};
		const ended = new Promise<Fault | undefined>((settle) => {
			end = settle;
		});
		let link: Link | undefined;
		const session: HubSession = openHub(hub, {
			onOpen() {
				link = new Link(session, held, ended, clock.ticks(), early);
				try {
					prove?.(held);
					prove = undefined;
					options.onLink(link);
					resolve(link);
				} catch (thrown) {
					session.close();
					reject(Fault.of(thrown, "agent.failed"));
				}
			},
			onMessage(topic, payload) {
				if (link?.message(topic, payload) === false) complain(topic, payload.length);
			},
			onLarge(topic, bytes) {
				const sink = link ? link.open(topic, bytes) : false;
				if (sink === false) complain(topic, bytes);
				return sink || undefined;
			},
			onClose(fault) {
				reject(fault ?? new Fault("agent.closed", "closed while connecting"));
				end(fault);
			},
		});
		return () => session.close();
	});
}
