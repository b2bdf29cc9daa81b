/** `dsa`, in place of the SDK's: only the SDK's ServerKeyExchange and CertificateVerify name it, which handshake.ts and client.ts make themselves. */
export default undefined;
