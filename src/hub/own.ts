/**
 * What the agent itself reads of what the hub sends: offers of updates, in a twin's sections and in its own methods. Of them there are made
 * the members that it knows, each a text, a number or a word: any other name would stay in XS for ever.
 */
import type { Choice, Kind } from "../base/json-reader.ts";
import type { Budget } from "../base/json-value.ts";

/** In a twin. */
export const OWN_SECTIONS: readonly string[] = /* @__PURE__ */ Object.freeze(["ota", "app"]);
/** Of methods. */
export const OWN_METHODS = "enrollee.";
/** As update/offer.ts reads it. */
const OFFER = /* @__PURE__ */ Object.freeze(["url", "sequence"]);

/** How an offer is read whose own path is []; one whose members do not fit is left out whole. An array stays, without its elements. */
export function chooseOffer(path: readonly string[], kind: Kind, budget: Budget): Choice {
	const isContainer = kind === "object" || kind === "array";
	if (path.length === 0) return isContainer ? "whole" : budget;
	return path.length === 1 && OFFER.includes(path[0]!) ? budget : "skip";
}
