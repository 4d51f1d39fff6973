/** Messages between `PortableDevice` and its Worker. */

import type { FileIdentity } from "../stat/file_identity.ts";

/** To the Worker. */
export type DeviceRequest =
  | { type: "open"; path: string; identity: FileIdentity }
  | { type: "write"; bytes: Uint8Array }
  | { type: "close" };

/** From the Worker, one per request. */
export type DeviceReply = { count: number } | { code?: string; message: string };
