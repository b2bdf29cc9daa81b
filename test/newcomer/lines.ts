/** Every command line of the documents: what becomes of it when a newcomer types it here, or why nobody can. */

export interface Typed {
	readonly line: string;
	/** "ends": exit 0 is awaited; "stays": until its first line of output, then it is interrupted, and exits 0. */
	readonly how: "ends" | "stays" | { readonly not: string };
}

const ends = (line: string): Typed => ({ line, how: "ends" });
const stays = (line: string): Typed => ({ line, how: "stays" });
const not = (reason: string, ...lines: string[]): Typed[] => lines.map((line) => ({ line, how: { not: reason } }));

/** In the order in which they are typed: what one leaves another finds. */
export const LINES: readonly Typed[] = [
	...not(
		"of a checkout: what npm start runs is `enrollee demo`, typed first",
		"npm ci && npm start",
		"npm ci && npm test",
		"npm ci",
	),
	ends("npx enrollee show --state .enrollee/demo/device"),
	ends("npx enrollee show --state .enrollee/demo/device --pem > chain.pem"),
	ends("openssl verify -CAfile .enrollee/demo/cloud/device-ca.pem -untrusted chain.pem chain.pem"),
	stays("npx enrollee cloud"),
	stays("npx enrollee cloud --port 0 --json"),
	stays("npx enrollee cloud --state ./cloud"),
	stays("npx enrollee cloud --fault throttle:3"),
	stays("npx enrollee cloud --updates ./updates"),
	// From here on with the cloud of the state folder ./cloud, which goes on.
	ends("ENROLLEE_SYMMETRIC_KEY=... npx enrollee run --id-scope 0ne00000000 --registration-id my-device --once"),
	ends("export ENROLLEE_SYMMETRIC_KEY=..."),
	ends("npx enrollee doctor --id-scope 0ne00000000 --registration-id my-device"),
	ends("npx enrollee run --id-scope 0ne00000000 --registration-id my-device --once"),
	ends("npx enrollee show"),
	ends("openssl ecparam -name prime256v1 -genkey -noout -out key.pem"),
	ends("openssl req -new -key key.pem -subj /CN=dev-001 -out csr.pem"),
	ends(
		"ENROLLEE_SYMMETRIC_KEY=... npx enrollee run --once --dps localhost:8883 --id-scope ... --registration-id dev-001 " +
			"--ca cloud/root-ca.pem --operational-csr csr.pem --operational-key key.pem --state device",
	),
	ends("npx enrollee show --state device --pem > chain.pem"),
	ends(
		"mosquitto_pub -h localhost -p 8883 --cafile cloud/root-ca.pem --cert chain.pem --key key.pem -V mqttv311 " +
			'-i dev-001 -u "localhost:8883/dev-001/?api-version=2021-04-12" -q 1 ' +
			'-t devices/dev-001/messages/events/ -m \'{"from":"mosquitto"}\'',
	),
	ends('curl -H "Authorization: Bearer $TOKEN" $API/devices/dev-001'),
	ends(`curl -H "Authorization: Bearer $TOKEN" -X PATCH $API/devices/dev-001/desired -d '{"interval": 5}'`),
	ends('curl -H "Authorization: Bearer $TOKEN" -X POST $API/devices/dev-001/certificates/revoke'),
	ends(`curl -H "Authorization: Bearer $TOKEN" -X POST $API/faults -d '{"fault": "throttle=5:3"}'`),
	ends('curl -H "Authorization: Bearer $TOKEN" "$API/events?since=0"'),
	ends("npx enrollee bundle key --out release.pem --pub release.pub"),
	ends("npx enrollee bundle key --out release-1.pem --pub release-1.pub"),
	ends("npx enrollee bundle key --out release-2.pem --pub release-2.pub"),
	stays("npx enrollee run --slots --release-key release.pub --update-class esp32/devkit/4m ..."),
	ends(
		'npx enrollee factory --id-scope 0ne00000000 --registration-id dev-042 --group-key "$GROUP_KEY" --out dev-042.csv',
	),
	ends("npx enrollee factory --id-scope 0ne00ABCDEF --registration-id dev-042 --device-key BASE64 --out dev-042.csv"),
	...not(
		"needs a board, or ESP-IDF's tools",
		"IDF_PATH=... MODDABLE=... npm run board",
		"node --import tsx --test test/board/board.test.ts",
		"node --import tsx test/board/figures.ts",
		"npm run flash",
		"TARGET=esp32/esp32s3 npm run flash",
		"TARGET=esp32/wt32_eth01 npm run flash",
		"npm run flash -- ssid=NETWORK password=PASSWORD idScope=0ne00ABCDEF registrationId=dev-042 symmetricKey=BASE64",
		"python $IDF_PATH/components/nvs_flash/nvs_partition_generator/nvs_partition_gen.py generate dev-042.csv dev-042.bin 0x10000",
		"esptool.py write_flash 0x9000 dev-042.bin",
	),
	...not(
		"needs the image that npm run flash leaves: test/node/bundle.test.ts",
		"npm run bundle -- firmware --sequence 2 --key release.pem --uri https://updates.example.com/agent-2.bin --out agent-2.suit",
	),
	...not(
		"of a checkout with the Moddable SDK: test/node/bundle-app.test.ts",
		"npm run bundle -- app examples/sensor --sequence 2 --key release.pem",
		"npx enrollee bundle inspect sensor-2.xsa",
	),
	...not(
		"of a checkout, minutes: test/bench/fleet.test.ts runs a smaller one",
		"npm run fleet -- --devices 1000 --outage 60",
	),
	...not("of a checkout with the Moddable SDK: test/sim", "npm run sim", "npm run sim -- --headless"),
	...not(
		"there is no such package in a registry yet: the tarball is installed",
		"npm install enrollee",
		"npm install enrollee pkcs11js",
	),
	...not(
		"by hand what `enrollee new` has in its package.json, which newcomer.test.ts installs",
		"npm install --save-dev typescript @moddable/typings",
	),
	...not(
		"changes the system, or its tokens: test/node/pkcs11.test.ts has a folder of its own",
		"sudo apt install libengine-pkcs11-openssl",
		"softhsm2-util --init-token --free --label plant --pin 1234 --so-pin 5678",
	),
	ends("(umask 077; printf 1234 > pin)"),
	...not(
		"needs a subscription: compared with Microsoft's reference, docs/azure.md has the sources",
		"az extension add --name azure-iot --allow-preview",
		"az login",
		"RG=enrollee-rg REGION=westeurope NS=enrollee-ns DPS=enrollee-dps-NAME HUB=enrollee-hub-NAME",
		"az group create --name $RG --location $REGION",
		"az iot adr ns create --name $NS --resource-group $RG --location $REGION",
		"az iot adr ns ca create --name root --ns $NS --resource-group $RG --type Root",
		"az iot adr ns ca create --name issuing --ns $NS --resource-group $RG --type ICA --issuer-type Microsoft --issuer-ca-name root",
		"az iot adr ns ca policy create --name devices --ca-name issuing --ns $NS --resource-group $RG --validity-days 90",
		"az iot dps create --name $DPS --resource-group $RG --location $REGION --system-assigned-mi",
		"az iot hub create --name $HUB --resource-group $RG --location $REGION --sku S1 --system-assigned-mi",
		"az iot adr ns link dps add --name dps --ns $NS --resource-group $RG --system-assigned-mi " +
			"--dps-id $(az iot dps show --name $DPS --resource-group $RG --query id -o tsv)",
		"az iot adr ns link hub add --name hub --ns $NS --resource-group $RG --system-assigned-mi " +
			"--hub-id $(az iot hub show --name $HUB --resource-group $RG --query id -o tsv)",
		"az iot adr ns link wait --ns $NS --resource-group $RG",
		"az iot dps enrollment create --dps-name $DPS --resource-group $RG --enrollment-id my-device --attestation-type symmetricKey " +
			"--adr-namespace $NS --adr-ca-name issuing --adr-cert-policy-name devices",
		"az iot dps enrollment show --dps-name $DPS --resource-group $RG --enrollment-id my-device --show-keys true",
		"az iot hub device-twin show --hub-name $HUB --device-id my-device --query properties.reported",
		"az iot hub monitor-events --hub-name $HUB --device-id my-device",
		`az iot hub query --hub-name $HUB --query-command "SELECT deviceId, properties.reported.certificate.validUntil FROM devices WHERE properties.reported.certificate.validUntil < '2026-12-20T00:00:00Z'"`,
		'az iot hub query --hub-name $HUB --query-command "SELECT properties.reported.ota.installed AS installed, COUNT() AS devices FROM devices GROUP BY properties.reported.ota.installed"',
		`az iot hub query --hub-name $HUB --query-command "SELECT deviceId, properties.reported.ota.code FROM devices WHERE properties.reported.ota.state = 'rejected'"`,
	),
];

/** First lines of the blocks that are nothing to type. */
export const SHOWN = [
	" device                              DPS                         IoT Hub",
	"   0.376 s  cloud.ready            host=localhost port=36689 idScope=0ne00ABCDEF",
	"enrollee run         the agent on this machine: enrol if needed, connect, send telemetry; --once for one message",
	"devices, worker processes                  1000, 2",
	"GET    /cloud                                  address, authorities, faults",
	'"include": ["enrollee/hw/moddable/manifest_ethernet.json", "enrollee/hw/moddable/manifest.json"],',
	'"include": ["enrollee/hw/moddable/manifest_w5500.json", "enrollee/hw/moddable/manifest.json"],',
	'"platforms": { "esp32": { "build": { "PARTITIONS_FILE": "./my-partitions.csv" } } }',
] as const;
