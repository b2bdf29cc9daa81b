/** What was logged: the last of all, and the last of each device, however much the others say. */

export const MOST_LINES = 2000;
/** In all: a fleet's lines must not fill the browser. */
const MOST_KEPT = 200_000;

let all = [];
let devices = new Map();
let kept = 0;

/** Of one device, or of all: oldest first. */
export const entriesOf = (device) => (device === undefined ? all : (devices.get(device) ?? []));

export function keep(entries) {
	all = [...all, ...entries].slice(-MOST_LINES);
	for (const entry of entries) {
		const { deviceId = "" } = entry;
		if (deviceId === "") continue;
		const own = devices.get(deviceId) ?? [];
		devices.set(deviceId, own);
		own.push(entry);
		if (own.length > MOST_LINES) own.shift();
		else kept++;
	}
	if (kept > MOST_KEPT) forgetQuiet();
}

/** The cloud tells anew what it still has; what is older than that stays. */
export function keepOlderThan(time) {
	const older = ({ time: at }) => at < time;
	all = all.filter(older);
	devices = new Map([...devices].map(([id, own]) => [id, own.filter(older)]));
	kept = [...devices.values()].reduce((sum, own) => sum + own.length, 0);
}

/** Half of the devices, those that have said nothing for the longest. */
function forgetQuiet() {
	const byLast = [...devices].sort(([, a], [, b]) => a.at(-1).time - b.at(-1).time);
	devices = new Map(byLast.slice(byLast.length >> 1));
	kept = [...devices.values()].reduce((sum, own) => sum + own.length, 0);
}
