/**
 * Rollup plugin for device builds: takes out of noble what ECDSA with given keys on P-256 and P-384 never reaches: square roots for other
 * primes, endomorphisms, recovered signatures, keys and shared secrets of its own making (src/key makes them), hexadecimal, its HMAC and
 * randomness (src/key gives others), and, where the formulas are ours, tables of multiples: nothing makes one (src/key/fast.ts).
 */
import { withoutBodies } from "./unreached.js";

const UNREACHED = {
	"curves/abstract/modular": ["sqrt5mod8", "sqrt9mod16", "tonelliShanks", "invertBatch"],
	"curves/abstract/weierstrass": [
		"_splitEndoScalar",
		"splitEndoScalarN",
		"isSmallOrder",
		"subtract",
		"hasEvenY",
		"isValidPublicKey",
		"randomSecretKey",
		"isProbPub",
		"getSharedSecret",
		"recoverPublicKey",
		"assertRecovery",
		"addRecoveryBit",
		"fromHex",
		"toHex",
	],
	"hashes/hmac": ["constructor", "update", "digestInto", "digest", "_cloneInto", "clone", "destroy"],
	"hashes/utils": ["randomBytes"],
};

const TABLES = { "curves/abstract/curve": ["buildWnafTable", "wnafCachedCT", "getWnafPrecomputes"] };

/** `tables`: whether noble's own formulas are used, with its tables. */
export function nobleUnreached({ tables }) {
	const unreached = tables ? UNREACHED : { ...UNREACHED, ...TABLES };
	return {
		name: "noble-unreached",
		transform(code, id) {
			const [, name] = /[\\/]@noble[\\/](.*)\.js$/.exec(id) ?? [];
			const names = unreached[name?.replaceAll("\\", "/")];
			if (names === undefined) return null;
			const missing = (what) => this.error(`@noble/${name} has changed: ${what} was not found`);
			return { code: withoutBodies(code, names, missing), map: null };
		},
	};
}
