/** `ssl/anchors`: the roots of Azure's services, from anchors/ (see its README). Used when no others are configured. */
import Resource from "Resource";

const FILES: readonly string[] = Object.freeze(["DigiCert_Global_Root_G2.der", "Microsoft_RSA_Root_2017.der"]);

/** DER, in flash: nothing is copied. */
export const builtInAnchors = (): Uint8Array[] => FILES.map((name) => new Uint8Array(new Resource(name)));
