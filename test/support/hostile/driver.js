/**
 * One agent after another in one machine, each with the credential of the one before or, told so, with none. Plain JavaScript for XS and
 * Node alike.
 *
 * `next(i, start)` gives row i to `start`: "fresh", "keep" or "careful" (the same after three starts that did not last), "call" (over when
 * the method `done` is called, a careful one's when it has said its status), "renewal:N" (over with the renewed
 * certificate, or a Fault behind the request, of N kinds at least on the way) or "fault" (over with the first Fault, or an application in its
 * place), and DPS's port, all with blanks between; undefined: that was all. `tell(i, how, codes, messages)`: how it ended, "done",
 * "waiting", "over" or "hang", the codes of all Faults on the way, and how many messages the application got.
 */
const KEPT = ["cred.a", "cred.b", "cred.current", "cred.pending", "ota", "ota.floor", "ota.app", "app", "unstable"];
/** No row takes so long, on a slow machine either. */
const HANG_MS = 120_000;

export function drive(options, index = 0) {
	options.next(index, (row) => {
		if (row === undefined) options.end();
		else new Life(options, index, row.split(" "));
	});
}

const echo = (payload, respond) => respond(200, { members: Object.keys(payload ?? {}).length });

class Life {
	constructor(options, index, [kept, until, port]) {
		const { Agent, ports, config, slot } = options;
		for (const name of KEPT) if (kept === "fresh" || !name.startsWith("cred.")) ports.store.delete(name);
		if (kept === "careful") ports.store.put("unstable", Uint8Array.of(3));
		// What a careful device answers to stands for all that repairs it.
		this.call = kept === "careful" ? "enrollee.status" : "done";
		this.options = options;
		this.index = index;
		[this.until, this.least] = until.split(":");
		this.codes = [];
		this.messages = 0;
		this.cancel = ports.clock.after(HANG_MS, () => this.over("hang"));
		this.agent = new Agent({
			...ports,
			slot,
			appSlot: options.appSlot?.(() => this.armed()),
			restart: undefined,
			log: (step, detail) => this.log(step, detail),
			config: port === undefined ? config : { ...config, dps: { host: "127.0.0.1", port: Number(port) } },
			twin: { onDesired() {} },
			...(options.isSmall ? {} : { onMessage: () => this.messages++, methods: { echo } }),
			onState: (state) => this.state(state),
		});
		// In the agent's list of methods, where it is called like any other.
		this.agent.finished.then(() => {
			if (this.how === "armed") this.place();
			drive(options, index + 1);
		});
	}

	state(state) {
		if (state === "connected") this.options.connected?.(this.index);
		if (state === "waiting") this.over("waiting");
	}

	log(step, detail = {}) {
		if (step === "fault" && !this.codes.includes(detail.code)) this.codes.push(detail.code);
		this.options.log?.(step, detail);
		if (step === "renewal.request" && this.until === "renewal") this.renews = true;
		if (step === "method" && detail.name === this.call && this.until === "call") this.over("done");
		if (detail.code === "device.unstable") return;
		// What comes for a request from before may precede the request itself.
		const isFault = step === "fault" || (detail.name === "enrollee.renew" && this.codes.length > 0);
		const ends = this.renews
			? step === "credential.proven" || (isFault && this.codes.length >= this.least)
			: step === "fault" && this.until === "fault";
		if (ends) this.over("over");
	}

	/** An application waits for the next power-up. */
	armed() {
		if (this.how !== undefined) return;
		this.how = "armed";
		this.cancel();
		this.options.ports.clock.after(0, () => this.agent.close());
	}

	/** That power-up, which has the machine to itself: it ends in a restart once the application is where it runs. */
	place() {
		this.options.appSlot(() => {
			this.how = "over";
		});
		this.options.tell(this.index, this.how, this.codes.join(","), this.messages);
	}

	/** Not from within the agent's own call: what it still logs belongs to this row, too. */
	over(how) {
		if (this.how !== undefined) return;
		this.how = how;
		this.cancel();
		this.options.ports.clock.after(0, () => {
			this.options.tell(this.index, how, this.codes.join(","), this.messages);
			this.agent.close();
		});
	}
}
