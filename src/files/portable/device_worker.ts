/// <reference lib="deno.worker" />
/** Entry of the Worker that opens and writes one device; its calls may block. */

import { codeOf } from "../stat/file_failure.ts";
import type { DeviceReply, DeviceRequest } from "./device_messages.ts";
import { replacedByFile } from "../stat/target_failure.ts";

let file: Deno.FsFile | undefined;

self.onmessage = ({ data }: MessageEvent<DeviceRequest>) => {
  if (data.type === "close") {
    file?.close();
    self.close();
    return;
  }
  let reply: DeviceReply;
  try {
    reply = { count: data.type === "open" ? open(data.path) : file!.writeSync(data.bytes) };
  } catch (error) {
    reply = { code: codeOf(error), message: error instanceof Error ? error.message : String(error) };
  }
  self.postMessage(reply);
};

function open(path: string): number {
  const opened = Deno.openSync(path, { write: true });
  if (opened.statSync().isFile) {
    opened.close();
    throw replacedByFile(path);
  }
  file = opened;
  return 0;
}
