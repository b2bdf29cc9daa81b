/** What the cloud saw and did, one record each, for tests, logs and the page. Nothing secret enters one. */
import type { Properties } from "./topic.ts";
export type Service = "dps" | "hub";

/** How MQTT came: over TLS, or over WebSocket over TLS. */
export type Transport = "mqtt" | "ws";

export type CloudEvent = { readonly time: number } & Happening;

export type Happening =
	| Connected
	| {
			readonly event: "refused";
			readonly connection: number;
			readonly service: Service | "none";
			readonly deviceId: string;
			readonly returnCode: number;
			readonly reason: string;
	  }
	| {
			readonly event: "disconnected";
			readonly connection: number;
			readonly service: Service | "none";
			readonly deviceId: string;
			readonly reason: string;
	  }
	| Registration
	| {
			readonly event: "poll";
			readonly deviceId: string /** Came before retry-after had passed. */;
			readonly early: boolean;
	  }
	/** An answer of DPS that ends or refuses; `status` as in HTTP. */
	| {
			readonly event: "registered";
			readonly deviceId: string;
			readonly status: number;
			readonly outcome: "assigned" | "failed" | "disabled" | "refused";
			readonly errorCode?: number;
			/** What the client was told to wait. */
			readonly retryAfterSeconds?: number;
			/** The issued leaf, DER. */
			readonly leaf?: Uint8Array;
	  }
	| Telemetry
	| {
			readonly event: "desired";
			readonly deviceId: string;
			readonly patch: unknown;
			readonly version: number;
	  }
	| {
			readonly event: "method";
			readonly deviceId: string;
			readonly name: string;
			readonly status?: number;
			readonly error?: string;
	  }
	| { readonly event: "message"; readonly deviceId: string; readonly id: string }
	| { readonly event: "message-acknowledged"; readonly deviceId: string; readonly id: string }
	| { readonly event: "operator"; readonly deviceId: string; readonly action: string }
	| { readonly event: "twin-get"; readonly deviceId: string }
	| { readonly event: "reported"; readonly deviceId: string; readonly patch: unknown; readonly version: number }
	/** A certificate request over the hub. */
	| {
			readonly event: "renew";
			readonly deviceId: string;
			readonly requestId: string;
			readonly csr?: Uint8Array;
			readonly replace?: string;
	  }
	/** An answer to one: 202, 200 or a problem. */
	| {
			readonly event: "renewal";
			readonly deviceId: string;
			readonly requestId: string;
			readonly status: number;
			readonly errorCode?: number;
	  }
	/** A file, or a part of one, over HTTPS. */
	| {
			readonly event: "download";
			readonly deviceId: "";
			readonly name: string;
			readonly from: number;
			readonly status: number;
	  }
	/** Something inside the cloud threw: a defect to report; the cloud goes on. */
	| { readonly event: "defect"; readonly deviceId: ""; readonly what: string; readonly message: string }
	| { readonly event: "subscribed"; readonly deviceId: string; readonly filter: string; readonly granted: number };

export interface Connected {
	readonly event: "connected";
	readonly connection: number;
	readonly service: Service;
	readonly transport: Transport;
	/** TLS went on from an earlier session. */
	readonly resumed: boolean;
	readonly deviceId: string;
	readonly username: string;
	readonly clientId: string;
	readonly apiVersion: string;
	readonly credential: "sas" | "x509" | "none";
	/** Serial of the presented leaf, upper-case hex. */
	readonly serial?: string;
	readonly clean: boolean;
	readonly keepAliveSeconds: number;
}

export interface Registration {
	readonly event: "register";
	readonly deviceId: string;
	readonly apiVersion: string;
	/** Which member carried the request, if any did. */
	readonly csr?: "csr" | "clientCertificateCsr";
	readonly payload?: unknown;
}

export interface Telemetry {
	readonly event: "telemetry";
	readonly deviceId: string;
	readonly body: Uint8Array;
	readonly properties: Properties;
	readonly qos: number;
}

export type Witness = (happening: Happening) => void;
