/** The way to the cloud: calls with the token, and the stream of what happens. */

const token = takeToken();

/** Parsed JSON; throws the cloud's reason. */
export async function call(method, path, body) {
	let response;
	try {
		response = await fetch(path, {
			method,
			headers: { authorization: `Bearer ${token}` },
			...(body === undefined ? {} : { body: JSON.stringify(body) }),
		});
	} catch {
		throw new Error("the cloud does not answer");
	}
	const answer = await response.json();
	if (!response.ok) throw new Error(answer.error ?? `status ${response.status}`);
	return answer;
}

export const devicePath = (id, rest) => `/devices/${encodeURIComponent(id)}/${rest}`;

/** `onState`: "live", "lost" (tries again by itself) or "closed" (the token is not this cloud's, until this is called again). */
export function openStream({ onSnapshot, onChanges, onState }) {
	const source = new EventSource(`/stream?token=${encodeURIComponent(token)}`);
	source.addEventListener("open", () => onState("live"));
	source.addEventListener("error", () => onState(source.readyState === EventSource.CLOSED ? "closed" : "lost"));
	source.addEventListener("snapshot", ({ data }) => onSnapshot(JSON.parse(data)));
	source.addEventListener("changes", ({ data }) => onChanges(JSON.parse(data)));
}

/** From the address that the cloud printed, then out of sight: it stays with this tab. */
function takeToken() {
	const [, given] = /^#token=([\w-]+)$/.exec(location.hash) ?? [];
	if (given !== undefined) {
		sessionStorage.setItem("token", given);
		history.replaceState(null, "", "/");
	}
	return given ?? sessionStorage.getItem("token") ?? "";
}
