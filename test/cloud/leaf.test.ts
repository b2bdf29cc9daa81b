/** What the authority issues fast is, byte for byte, what @peculiar/x509 would have issued. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import "reflect-metadata";
import { PublicKey } from "@peculiar/x509";
import { authorityRequest } from "../../cloud/ca.ts";
import { LeafIssuer } from "../../cloud/leaf.ts";
import { certify, createEntity, der } from "../../cloud/pki.ts";
import { DerReader, Tag } from "../../src/x509/der.ts";
import { makeCsr } from "./cloud-probe.ts";

const now = Date.UTC(2026, 1, 3, 4, 5, 6);

/** Serial number, and all else that is signed. */
function parts(certificate: Uint8Array): { serial: string; rest: string } {
	return new DerReader(certificate, 0).inside(Tag.SEQUENCE, (outer) => {
		const split = outer.inside(Tag.SEQUENCE, (signed) => {
			const version = signed.element();
			const serial = Buffer.from(signed.integer()).toString("hex");
			const rest = [version];
			while (signed.tag !== undefined) rest.push(signed.element());
			return { serial, rest: rest.map((part) => Buffer.from(part).toString("hex")).join(" ") };
		});
		outer.element();
		outer.element();
		return split;
	});
}

for (const issuing of ["P-256", "P-384"] as const)
	for (const [key, name, notAfter] of [
		["P-256", "dev-001", now + 3600_000],
		["P-384", "a_name.with:all-of-it", Date.UTC(2049, 11, 31, 23, 59, 59)],
		["RSA", "x".repeat(64), Date.UTC(2050, 0, 1)],
	] as const)
		test(`issued on ${issuing} for a key ${key}, until ${new Date(notAfter).getUTCFullYear()}`, async () => {
			const issuer = await createEntity(issuing, authorityRequest("Issuing CA", "root", now));
			const { spki } = await makeCsr(name, key);
			const request = { commonName: name, role: { kind: "client" }, notBefore: now, notAfter } as const;
			const leaves = new LeafIssuer(issuer);
			const ours = leaves.issue(request, spki);
			const theirs = await certify(request, new PublicKey(spki as never), issuer);
			assert.equal(parts(ours.der).rest, parts(der(theirs)).rest);
			assert.match(parts(ours.der).serial, /^[4-7][0-9a-f]{31}$/);
			assert.notEqual(parts(leaves.issue(request, spki).der).serial, parts(ours.der).serial);
			const read = new X509Certificate(ours.der);
			assert.equal(read.serialNumber, ours.serial);
			assert(read.verify(new X509Certificate(der(issuer.certificate)).publicKey));
		});
