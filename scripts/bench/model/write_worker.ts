/// <reference lib="deno.worker" />
/** Writes blocks to a part of a file, to find out whether the kernel lets two threads write to one file at the same time. */

import { loadFileEngine } from "../../../src/files/load_engine.ts";
import { alignedBuffer } from "../../../src/native/libc/aligned_buffer.ts";

/** Work of a thread. Plain data. */
export interface WriteWork {
  directory: string;
  name: string;
  /** First byte, and number of blocks. */
  start: number;
  blocks: number;
  blockBytes: number;
}

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;
let write: () => void;

scope.onmessage = async ({ data }: MessageEvent<WriteWork | "start">) => {
  if (data === "start") return write();
  const { directory, name, start, blocks, blockBytes } = data;
  const { engine } = await loadFileEngine("auto");
  const place = { kind: "file" as const, directory, name };
  const target = engine.openTarget([place], { preserve: false, umask: 0o022, token: "model" });
  const { dev, ino } = Deno.statSync(`${directory}/${name}`);
  const identity = { dev, inode: ino! };
  const writer = target.partials.open({ root: 0, path: "", temporary: name, identity, size: 0 });
  const buffer = alignedBuffer(blockBytes);
  buffer.fill(1);
  write = () => {
    for (let block = 0; block < blocks; block++) writer.writeAt(buffer, 0, blockBytes, start + block * blockBytes);
    writer.close();
    target.close();
    scope.postMessage("done");
  };
  scope.postMessage("ready");
};
