/** An authority whose keys have 4,096 bits of RSA: its root and two more issuers, in place of the cloud's own. */
import { X509Certificate } from "node:crypto";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import type { Examined, IssuedCertificate } from "../../../cloud/authority.ts";
import { equal } from "../../../src/base/bytes.ts";
import { type Entity, issue } from "../../sim/tls/pki.ts";

const CLIENT_AUTHENTICATION = "1.3.6.1.5.5.7.3.2";

export class RsaAuthority {
	/** The one that issues first, the root last. */
	readonly #issuers: readonly Entity[];
	/** How many certificates came with each connection under one that was issued here. */
	readonly presented: number[] = [];

	private constructor(issuers: readonly Entity[]) {
		this.#issuers = issuers;
	}

	/** One key does for all three. */
	static async create(): Promise<RsaAuthority> {
		const root = await issue({ name: "RSA root", type: "RSA-4096", ca: {} });
		const { type, keys } = root;
		const middle = await issue({ name: "RSA policy", type, keys, issuer: root, ca: {} });
		return new RsaAuthority([await issue({ name: "RSA issuing", type, keys, issuer: middle, ca: {} }), middle, root]);
	}

	get root(): Uint8Array {
		return this.#issuers[2]!.der;
	}

	/** The same key, name and dates. */
	async reissue({ chain, notBefore, notAfter }: IssuedCertificate): Promise<IssuedCertificate> {
		const of = new x509.X509Certificate(chain[0] as Uint8Array<ArrayBuffer>);
		const [issuing] = this.#issuers;
		const { rawData, serialNumber } = await x509.X509CertificateGenerator.create({
			subject: of.subjectName,
			issuer: issuing!.certificate.subjectName,
			notBefore: new Date(notBefore),
			notAfter: new Date(notAfter),
			publicKey: of.publicKey,
			signingKey: issuing!.keys.privateKey as never,
			signingAlgorithm: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
			extensions: [
				new x509.BasicConstraintsExtension(false, undefined, true),
				new x509.ExtendedKeyUsageExtension([CLIENT_AUTHENTICATION]),
			],
		});
		const leaf = new Uint8Array(rawData);
		const serial = serialNumber.toUpperCase();
		return { chain: [leaf, ...this.#issuers.map(({ der }) => der)], serial, notBefore, notAfter };
	}

	/** Nothing where another authority has issued it. */
	examine(chain: readonly Uint8Array[]): Examined | undefined {
		const [leaf, ...above] = chain;
		const [issuing, middle] = this.#issuers;
		if (leaf === undefined) return undefined;
		const read = new X509Certificate(leaf);
		if (!read.verify(new X509Certificate(issuing!.der).publicKey)) return undefined;
		this.presented.push(chain.length);
		for (const { der, name } of [issuing!, middle!])
			if (!above.some((one) => equal(one, der))) return { refusal: `${name} was not presented` };
		return { serial: read.serialNumber, notAfter: Date.parse(read.validTo) };
	}
}

export const RSA: RsaAuthority = await RsaAuthority.create();
