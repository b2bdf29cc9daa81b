/** An application that throws as soon as it starts. */
export default function throws() {
	throw new Error("no sensor");
}
