/** The request by which a WebSocket is opened at the hub (RFC 6455, section 4.1), as Azure's clients send it. */
export const UPGRADE = [
	"GET /$iothub/websocket HTTP/1.1",
	"Host: localhost",
	"Connection: Upgrade",
	"Upgrade: websocket",
	"Sec-WebSocket-Version: 13",
	`Sec-WebSocket-Key: ${Buffer.alloc(16).toString("base64")}`,
	"Sec-WebSocket-Protocol: mqtt",
	"\r\n",
].join("\r\n");
