/** For what is printed of what a user gave: a key that was given by mistake as another flag's value stays out of it. */

/**
 * Base64 of 15 bytes and more with its padding, as every symmetric key of Azure's ends, the fields of connection strings and tokens
 * that hold one, and PEM of a private key. Base64 is looked at from where it begins, not again from each of its characters.
 */
export function masked(text: string): string {
	return text
		.replace(/-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?(-----END \1-----|$)/gs, MASK)
		.replace(/\b(sig|SharedAccessKey)=[^&;,"'\s]+/gi, `$1=${MASK}`)
		.replace(/(?<![A-Za-z0-9+/%])[A-Za-z0-9+/%]{19,}(={1,2}|(%3D){1,2})(?![A-Za-z0-9])/gi, MASK);
}

const MASK = "***";
