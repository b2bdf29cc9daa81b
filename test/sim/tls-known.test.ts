/**
 * A server's chain that is the one verified before as far as some certificate, and another from there on, on XS: what of it is known need not
 * be verified again, and nothing else goes unverified.
 */
import assert from "node:assert/strict";
import { constants } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { skip } from "../../hw/simulator/harness.ts";
import { createIntermediate, createLeaf } from "./tls/chains.ts";
import { anchor, buildDevice, type Scenario } from "./tls/device.ts";
import { type Entity, issue } from "./tls/pki.ts";
import { Sessions } from "./tls/sessions.ts";

describe("a chain that is known in part, on XS", { skip }, () => {
	let sessions: Sessions;
	let root: Entity;
	/** From the leaf on, without the root. */
	let chain: readonly [Entity, Entity, Entity];
	before(async () => {
		root = await issue({ name: "root", ca: {}, to: 30 });
		const upper = await createIntermediate(root, { name: "upper", ca: {} });
		const lower = await createIntermediate(upper, { name: "lower" });
		chain = [await createLeaf(lower), lower, upper];
		sessions = new Sessions(await buildDevice(), root);
	});
	after(() => sessions.close());

	const portOf = async (...sent: readonly Entity[]): Promise<number> =>
		(await sessions.serve({ secureOptions: constants.SSL_OP_NO_TICKET }, sent)).port;

	/** What each chain came to, one after the other on one device, and whether all of its way was known. */
	async function meet(chains: readonly (readonly Entity[])[], more: Partial<Scenario> = {}): Promise<string[]> {
		const scenarios = await Promise.all(chains.map(async (sent) => ({ port: await portOf(...sent), ...more })));
		return sessions.connect(0, scenarios, ({ isKnown }) => (isKnown ? ", known" : ""));
	}

	/** The same name and, unless it is a stranger's, the same key. */
	const again = (of: Entity, issuer: Entity, more: object = {}): Promise<Entity> =>
		issue({ name: of.name, keys: of.keys, type: of.type, issuer, ca: {}, ...more });
	const named = (name: string, issuer: Entity): Promise<Entity> => issue({ name, issuer, ca: {} });

	test("what follows the way to the anchor does not matter, as long as it can be read", async () => {
		const [leaf, lower, upper] = chain;
		const stranger = await issue({ name: "stranger", ca: {} });
		const met = await meet([chain, [...chain, stranger], [...chain, root], chain]);
		assert.deepEqual(met, ["nobody", "nobody, known", "nobody, known", "nobody, known"]);
		assert.deepEqual(await meet([chain, [leaf, lower, upper, upper, upper, upper]]), [
			"nobody",
			"tls.untrusted, known",
		]);
	});

	test("an issuer that was renewed is verified, and then known", async () => {
		const [leaf, lower, upper] = chain;
		const renewed = await again(upper, root);
		const other = [leaf, lower, renewed];
		assert.deepEqual(await meet([chain, other, other]), ["nobody", "nobody", "nobody, known"]);
		const cross = await again(lower, root);
		assert.deepEqual(await meet([chain, [leaf, cross], [leaf, cross]]), ["nobody", "nobody", "nobody, known"]);
	});

	test("an issuer that is not the right one is not trusted for what stands below it", async () => {
		const [leaf, lower, upper] = chain;
		const stranger = await issue({ name: "root", ca: {} });
		for (const wrong of [
			[leaf, lower, await named("upper", root)],
			[leaf, lower, await again(upper, stranger)],
			[leaf, lower, await again(upper, root, { ca: undefined })],
			[leaf, lower, await again(upper, root, { ca: { pathLength: 0 } })],
			[leaf, await named("lower", root)],
			[leaf, await named("lower", upper), upper],
			[await createLeaf(await named("lower", upper)), lower, upper],
			[leaf, lower],
			[leaf, upper, lower],
			[leaf],
		]) {
			const met = await meet([chain, wrong, chain]);
			assert.deepEqual(met, ["nobody", "tls.untrusted", "nobody"], wrong.map(({ name }) => name).join());
		}
	});

	test("a way that has ended at another anchor is another way", async () => {
		const [leaf, lower, upper] = chain;
		const anchors = anchor(root, upper);
		assert.deepEqual(await meet([[leaf, lower], [leaf, lower], chain], { anchors }), [
			"nobody",
			"nobody, known",
			"nobody, known",
		]);
		const port = await portOf(leaf, lower);
		const met = await sessions.connect(0, [{ port, anchors }, { port }], ({ isKnown }) => (isKnown ? ", known" : ""));
		assert.deepEqual(met, ["nobody", "tls.untrusted"]);
	});

	test("an expired issuer of a way that is known in part is refused", async () => {
		const [leaf, lower, upper] = chain;
		const expired = await again(upper, root, { from: -9, to: -1 });
		assert.deepEqual(await meet([chain, [leaf, lower, expired]]), ["nobody", "tls.expired"]);
	});

	test("who sends the leaf alone and then a chain that its anchor is not above is verified", async () => {
		const direct = await createLeaf(root);
		const stranger = await issue({ name: "stranger", ca: {} });
		assert.deepEqual(await meet([[direct], [direct, stranger], [direct]]), [
			"nobody",
			"nobody, known",
			"nobody, known",
		]);
	});
});
