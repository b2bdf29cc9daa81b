/** The page: a list of devices, a view of one of them or of the cloud, a log. The address says which: #device/{id}. */
import { openStream } from "./api.js";
import { openCloud } from "./cloud.js";
import { openDevice } from "./device.js";
import { h } from "./dom.js";
import { showList } from "./list.js";
import { appendLog, resetLog, setLogDevice } from "./log.js";
import { model, takeChanges, takeSnapshot } from "./model.js";
import { clockTime } from "./time.js";

const view = document.querySelector("#view");
/** "" is the cloud. */
let selected;
/** Whether there is such a device. */
let known = true;
let show = () => {};
let scheduled = false;

const stream = {
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
};
openStream(stream);
document.querySelector("#reconnect").addEventListener("click", () => openStream(stream));
window.addEventListener("hashchange", open);
// By a link of its own the address would name no device.
document.querySelector(".skip").addEventListener("click", (event) => {
	event.preventDefault();
	view.focus();
});
// Remaining life goes on without news.
setInterval(schedule, 1000);

document.addEventListener("keydown", (event) => {
	if (event.key !== "/" || event.target.closest("input, textarea, select")) return;
	event.preventDefault();
	document.querySelector("#find").focus();
});

function open() {
	if (model.cloud === undefined) return;
	const wanted = wantedDevice();
	const is = wanted === "" || model.devices.has(wanted);
	if (wanted !== selected || is !== known) {
		selected = wanted;
		known = is;
		show = wanted === "" ? openCloud(view) : is ? openDevice(view, wanted) : openUnknown(view, wanted);
		view.scrollTop = 0;
		setLogDevice(wanted === "" ? undefined : wanted);
	}
	refresh();
}

/** Of the address; "" is the cloud. */
function wantedDevice() {
	const [, id = ""] = /^#device\/(.+)$/.exec(location.hash) ?? [];
	try {
		return decodeURIComponent(id);
	} catch {
		return id;
	}
}

function openUnknown(view, id) {
	view.replaceChildren(
		h("div", { class: "title" }, h("h2", {}, id), h("span", { class: "warn" }, "unknown device")),
		h(
			"p",
			{},
			"Neither DPS nor the operator has made it known here. It appears as soon as it registers; its key is under ",
			h("a", { href: "#cloud" }, "The cloud"),
			".",
		),
	);
	return () => {};
}

/** Once a frame, however much happens. */
function schedule() {
	if (scheduled || model.cloud === undefined) return;
	scheduled = true;
	requestAnimationFrame(() => {
		scheduled = false;
		open();
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
	const live = state === "live";
	const since = model.cloud && !live ? `, what is shown is of ${clockTime(Date.now()).slice(0, 8)}` : "";
	// What is shown from here on is what was.
	document.body.classList.toggle("stale", !live && model.cloud !== undefined);
	document.querySelector("#reconnect").hidden = state !== "closed" || model.cloud === undefined;
	if (place.dataset.state === state) return;
	place.dataset.state = state;
	place.className = live ? "good" : "bad";
	place.textContent = {
		live: "live",
		lost: `cloud stopped${since}; trying again`,
		closed: `this is another cloud${since}: open the address that it printed`,
	}[state];
	if (state === "closed" && model.cloud === undefined)
		view.replaceChildren(
			h("p", {}, "This page needs the token that the cloud printed. Open the whole address, with #token=…"),
		);
}
