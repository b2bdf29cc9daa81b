/** The ATECC keystore on XS against the simulated chip; then an agent whose key never leaves it: enrols, connects, renews. */
import { SimulatedChip } from "chip";
import { Agent, createPorts, readConfig } from "enrollee";
import { openAtecc } from "enrollee/atecc";
import { sha256 } from "enrollee/digest";
import { KeyPair, verify } from "enrollee/key";
import { environment, exit } from "simulator";

let waited = 0;
const open = (chip, slots) =>
	openAtecc({
		i2c: chip.i2c,
		wake: chip.general,
		delay: (milliseconds) => {
			waited += milliseconds;
		},
		...(slots && { slots }),
	});
const says = (name, run) => {
	let said;
	try {
		said = run();
	} catch (thrown) {
		said = thrown.code ?? String(thrown);
	}
	trace(`${name}: ${said}\n`);
};
const digest = sha256(Uint8Array.of(1, 2, 3));
const signs = (key) => verify("P-256", key.publicKey, digest, key.sign(digest));

if (environment("MODE") === "chip") {
	const chip = new SimulatedChip(KeyPair);
	const store = open(chip);
	says("name", () => store.name);
	const first = store.generate("P-256", []);
	const second = store.generate("P-256", [first.reference]);
	says("slots", () => `${first.reference} ${second.reference}`);
	says("signatures", () => signs(first) && signs(second) && !("scalar" in first));
	says("found again", () => store.open(first.reference).publicKey.toHex() === first.publicKey.toHex());
	says("both kept", () => store.generate("P-256", [first.reference, second.reference]));
	says("P-384", () => store.generate("P-384", []));
	says("empty slot", () => store.open("atecc:5"));
	for (const fault of ["crc", "wake", "silent", "busy"])
		says(`${fault} once`, () => {
			chip.faults = [fault];
			return signs(first);
		});
	says("silent for ever", () => {
		chip.removed = true;
		return signs(first);
	});
	chip.removed = false;
	says("random", () => {
		const [one, another] = [store.random(), store.random()];
		return one.length === 32 && one.toHex() !== another.toHex();
	});
	chip.isStuck = true;
	says("generator is stuck", () => open(chip));
	chip.isStuck = false;
	chip.unlockedSlots = 0b01;
	says("one slot is locked", () => open(chip).generate("P-256", ["atecc:0"]));
	chip.isConfigured = false;
	says("not configured", () => open(chip));
	says("waits are bounded", () => waited < 3000);
	exit(0);
} else {
	const chip = new SimulatedChip(KeyPair);
	const ports = createPorts();
	let keystore = open(chip);
	const boot = (options) => new Agent({ ...ports, keystore, config: readConfig(), ...options });
	let proven = 0;
	const agent = boot({
		log: (step, detail) => {
			ports.log(step, detail);
			if (step === "credential.proven") proven++;
		},
		onState: (state, fault) => {
			if (fault) trace(`${fault.message}\n`);
			if (state !== "connected") return;
			if (proven === 1) return agent.renew();
			agent.close();
			replaced();
		},
	});
	/** Another chip of the same kind, with keys of its own. */
	const replaced = () => {
		trace(`proven ${proven} keys ${[...chip.keys.keys()].sort()}\n`);
		const other = new SimulatedChip(KeyPair);
		other.made = 77;
		keystore = open(other);
		for (let i = 0; i < 2; i++) keystore.generate("P-256", i === 0 ? [] : ["atecc:0"]);
		boot({ once: true }).finished.then(
			() => exit(1),
			(fault) => {
				trace(`replaced chip: ${fault.code}\n`);
				chip.removed = true;
				keystore = open(other);
				other.removed = true;
				boot({ once: true }).finished.then(
					() => exit(1),
					(lost) => {
						trace(`lost chip: ${lost.code}\n`);
						exit(0);
					},
				);
			},
		);
	};
}
