/**
 * Times of certificates: UTCTime YYMMDDHHMMSSZ and GeneralizedTime YYYYMMDDHHMMSSZ, the only forms that RFC 5280 section
 * 4.1.2.5 allows. Offsets, fractions, missing seconds and dates that no calendar has are refused with Fault x509.der.
 */
import { Fault } from "../fault.ts";

/** Milliseconds since 1970. `yearDigits`: 2 in UTCTime (1950 to 2049), 4 in GeneralizedTime. */
export function readTime(content: Uint8Array, yearDigits: 2 | 4): number {
	if (content.length !== yearDigits + 11 || content[content.length - 1] !== 0x5a)
		refuse("not of the form [YY]YYMMDDHHMMSSZ");
	const digits = readNumber(content, 0, yearDigits);
	const year = yearDigits === 4 ? digits : digits < 50 ? 2000 + digits : 1900 + digits;
	const month = readNumber(content, yearDigits, 2);
	const day = readNumber(content, yearDigits + 2, 2);
	const hour = readNumber(content, yearDigits + 4, 2);
	const minute = readNumber(content, yearDigits + 6, 2);
	const second = readNumber(content, yearDigits + 8, 2);
	if (year < 1900 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) refuse("no calendar date");
	if (hour > 23 || minute > 59 || second > 59) refuse("no time of day");
	return Date.UTC(year, month - 1, day, hour, minute, second);
}

function readNumber(content: Uint8Array, from: number, digits: number): number {
	let value = 0;
	for (let i = from; i < from + digits; i++) {
		const digit = content[i]! - 0x30;
		if (digit < 0 || digit > 9) refuse("something else than digits");
		value = value * 10 + digit;
	}
	return value;
}

function daysIn(year: number, month: number): number {
	if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
	return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function refuse(what: string): never {
	throw new Fault("x509.der", `time: ${what}`);
}
