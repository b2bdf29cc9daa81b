/** Times and durations for people. */
export function clockTime(milliseconds) {
	const date = new Date(milliseconds);
	return `${date.toLocaleTimeString("en-GB")}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/** 3 d 4 h, 5 min 6 s, 7 s. */
export function duration(milliseconds) {
	const seconds = Math.max(0, Math.floor(milliseconds / 1000));
	const units = [
		["y", 31557600],
		["d", 86400],
		["h", 3600],
		["min", 60],
		["s", 1],
	];
	const first = units.findIndex(([, size]) => seconds >= size);
	if (first < 0) return "0 s";
	return units
		.slice(first, first + 2)
		.map(([name, size], i) => [Math.floor((i === 0 ? seconds : seconds % units[first][1]) / size), name])
		.filter(([count], i) => i === 0 || count > 0)
		.map(([count, name]) => `${count} ${name}`)
		.join(" ");
}

/** Remaining share of a certificate's life, 0 to 1, and in words. */
export function life({ validFrom, validUntil, standing }, now = Date.now()) {
	const [from, until] = [Date.parse(validFrom), Date.parse(validUntil)];
	if (standing !== "valid") return { share: 0, text: standing };
	if (now >= until) return { share: 0, text: "expired" };
	if (now < from) return { share: 1, text: `valid in ${duration(from - now)}` };
	return { share: (until - now) / (until - from), text: `${duration(until - now)} left` };
}
