/** The page: a list of devices, a view of one of them or of the cloud, a log. The address says which: #device/{id}. */
import { openStream } from "./api.js";
import { openCloud } from "./cloud.js";
import { openDevice } from "./device.js";
import { h } from "./dom.js";
import { showList } from "./list.js";
import { appendLog, resetLog, setLogDevice } from "./log.js";
import { model, takeChanges, takeSnapshot } from "./model.js";

const view = document.querySelector("#view");
/** "" is the cloud. */
let selected;
let show = () => {};
let scheduled = false;

openStream({
	onSnapshot(snapshot) {
		takeSnapshot(snapshot);
		resetLog(snapshot.log);
		document.querySelector("#address").textContent = `${model.cloud.host}:${model.cloud.port}`;
		open();
	},
	onChanges(changes) {
		takeChanges(changes);
		appendLog(changes.log);
		schedule();
	},
	onState: showState,
});
window.addEventListener("hashchange", open);
// Remaining life goes on without news.
setInterval(schedule, 1000);

document.addEventListener("keydown", (event) => {
	if (event.key !== "/" || event.target.closest("input, textarea, select")) return;
	event.preventDefault();
	document.querySelector("#find").focus();
});

function open() {
	if (model.cloud === undefined) return;
	const [, id = ""] = /^#device\/(.+)$/.exec(location.hash) ?? [];
	const wanted = decodeURIComponent(id);
	if (wanted !== selected) {
		selected = wanted;
		show = wanted === "" ? openCloud(view) : openDevice(view, wanted);
		view.scrollTop = 0;
		setLogDevice(wanted === "" ? undefined : wanted);
	}
	refresh();
}

/** Once a frame, however much happens. */
function schedule() {
	if (scheduled || model.cloud === undefined) return;
	scheduled = true;
	requestAnimationFrame(() => {
		scheduled = false;
		refresh();
	});
}

function refresh() {
	showList(selected);
	show();
	const connected = [...model.devices.values()].filter((device) => device.connected).length;
	document.querySelector("#counts").textContent = `${model.devices.size} devices, ${connected} connected`;
}

function showState(state) {
	const place = document.querySelector("#stream");
	place.className = state === "live" ? "good" : "bad";
	place.textContent = {
		live: "live",
		lost: "connection lost, trying again",
		closed: "this is another cloud: open the address that it printed",
	}[state];
	if (state === "closed" && model.cloud === undefined)
		view.replaceChildren(
			h("p", {}, "This page needs the token that the cloud printed. Open the whole address, with #token=…"),
		);
}
