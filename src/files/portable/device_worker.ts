/** Entry of the Worker that opens and writes one device; its calls may block. */

import { workerScope } from "../../async/worker_scope.ts";
import { messageOf } from "../../errors.ts";
import { codeOf } from "../stat/file_failure.ts";
import { type FileIdentity, identityOf, isSameFile, replacedDevice } from "../stat/file_identity.ts";

/** Message to the Worker. */
export type DeviceRequest =
  | { type: "open"; path: string; identity: FileIdentity }
  | { type: "write"; bytes: Uint8Array }
  | { type: "close" };

/** Reply of the Worker, one per request. */
export type DeviceReply = { count: number } | { code?: string; message: string };

const scope = workerScope<DeviceRequest, DeviceReply>();
let file: Deno.FsFile | undefined;

scope.onmessage = ({ data }) => {
  if (data.type === "close") {
    file?.close();
    scope.close();
    return;
  }
  let reply: DeviceReply;
  try {
    reply = { count: data.type === "open" ? open(data.path, data.identity) : file!.writeSync(data.bytes) };
  } catch (error) {
    reply = { code: codeOf(error), message: messageOf(error) };
  }
  scope.postMessage(reply);
};

function open(path: string, identity: FileIdentity): number {
  const opened = Deno.openSync(path, { write: true });
  const info = opened.statSync();
  if (info.isFile || !isSameFile(identityOf(info), identity)) {
    opened.close();
    throw replacedDevice(path);
  }
  file = opened;
  return 0;
}
