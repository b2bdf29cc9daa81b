/** `enrollee new APP`: a folder with a typed Moddable application that includes the agent. */
import { readdirSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { Command } from "commander";
import { Fault } from "../../../src/fault.ts";
import { makeFolder, writeNew } from "../files.ts";
import { common, createOutput, type OutputFlags } from "../output.ts";
import { sourceFor } from "./new-source.ts";

export function addNew(program: Command): void {
	const command = program
		.command("new")
		.argument("<folder>", "a new or an empty one; its name becomes the application's")
		.description("A typed Moddable application with the agent: manifest, main.ts, tsconfig, README. Builds at once.");
	common(command, "one JSON object").action(create);
}

function create(folder: string, flags: OutputFlags): void {
	const name = basename(resolve(folder));
	if (!/^[a-z0-9][a-z0-9._-]{0,63}$/i.test(name))
		throw new Fault("config.invalid", `${name}: an application's name is of letters, digits, '.', '_' and '-'`);
	const path = resolve(folder);
	// SDK 8.2.3: make takes each word of such a path for a file of its own.
	if (/\s/.test(path))
		throw new Fault("config.invalid", `${path}: the Moddable SDK builds in no path with a space in it`);
	try {
		makeFolder(folder);
		if (readdirSync(folder).length > 0) throw new Fault("config.foreign", `${folder} is not empty`);
	} catch (thrown) {
		if (thrown instanceof Fault) throw thrown;
		throw new Fault("config.invalid", `${folder}: ${(thrown as NodeJS.ErrnoException).code}`, { cause: thrown });
	}
	const files = filesOf(name, sourceFor(folder));
	for (const [file, text] of Object.entries(files)) writeNew(join(folder, file), text, { option: file, open: true });
	const human = `${folder}: ${Object.keys(files).join(", ")}\n\n  cd ${folder} && npm install && npm run lin`;
	createOutput(flags).result(human, { event: "new", folder, files: Object.keys(files) });
}

function filesOf(name: string, source: string): Readonly<Record<string, string>> {
	const json = (value: unknown): string => `${JSON.stringify(value, undefined, "\t")}\n`;
	const library = "./node_modules/enrollee/hw/moddable/manifest.json";
	return {
		"package.json": json({
			name: name.toLowerCase(),
			version: "0.1.0",
			private: true,
			type: "module",
			scripts: {
				check: "tsc",
				lin: "mcconfig -d -m -p lin",
				flash: `mcconfig -d -m -p $\{TARGET:-esp32}`,
			},
			dependencies: { enrollee: source },
			devDependencies: { "@moddable/typings": "5.6.0", typescript: "6.0.3" },
		}),
		"manifest.json": json({
			include: library,
			modules: { "*": "./main" },
			config: { idScope: "", registrationId: "", symmetricKey: "" },
		}),
		// As mcconfig tells TypeScript: a module of the SDK by its name, ours as on a board.
		"tsconfig.json": json({
			compilerOptions: {
				target: "es2022",
				module: "es2022",
				moduleResolution: "bundler",
				lib: ["es2022"],
				types: [],
				paths: {
					enrollee: ["./node_modules/enrollee/dist/types/hw/moddable/enrollee.d.ts"],
					"*": ["./node_modules/@moddable/typings/*"],
				},
				strict: true,
				noEmit: true,
				skipLibCheck: true,
			},
			files: ["main.ts", "node_modules/@moddable/typings/xs.d.ts"],
		}),
		".gitignore": "node_modules/\nbuild/\n# Settings of one device hold its key.\nenrollee.json\n*.csv\n",
		"main.ts": MAIN,
		"README.md": README.replaceAll("NAME", name),
	};
}

const MAIN = `/** Sends a reading every minute; Wi-Fi and clock are up when this runs. */
import { Agent, applicationLog, createPorts, type Fault, readConfig } from "enrollee";
import Timer from "timer";

const ports = createPorts();
const log = applicationLog(ports.log);
const agent = new Agent({ ...ports, config: readConfig() });

const send = (): void =>
	agent.telemetry({ temperature: 21.5, at: new Date() }, {}, (fault?: Fault) => {
		log("reading", { code: fault?.code });
	});

send();
Timer.repeat(send, 60_000);
`;

const README = `# NAME

A device with its own identity, made with Enrollee. Needs the Moddable SDK (npx xs-dev setup); boards need ESP-IDF too
(npx xs-dev setup --device esp32).

    npm install       # with TypeScript's tsc, which the SDK calls: so build by npm, not by mcconfig alone
    npm run check     # types
    npm run lin       # in the simulator; settings by variables: ENROLLEE_ID_SCOPE, ENROLLEE_REGISTRATION_ID, ...
    npm run flash -- ssid=NETWORK password=PASSWORD idScope=... registrationId=... symmetricKey=...

TARGET=esp32/esp32s3 (esp32c3, esp32c6) npm run flash is for other chips. A service to try it against, on this machine:
npx enrollee cloud. The folder's path may have no space. What the build warns of ("not frozen", "no const") is explained in
node_modules/enrollee/hw/moddable/README.md. Keys do not belong into manifest.json: give them on the command line, or by NVS (npx enrollee factory).
`;
