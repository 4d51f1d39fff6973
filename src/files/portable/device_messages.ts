/** Messages between `PortableDevice` and its Worker. */

/** To the Worker. */
export type DeviceRequest = { type: "open"; path: string } | { type: "write"; bytes: Uint8Array } | { type: "close" };

/** From the Worker, one per request. */
export type DeviceReply = { count: number } | { code?: string; message: string };
