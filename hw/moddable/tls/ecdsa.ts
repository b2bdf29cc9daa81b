/** `ecdsa`, in place of the SDK's, as dsa.ts. */
export default undefined;
