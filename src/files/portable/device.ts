/** Opens and writes a device or FIFO with `Deno.*`, in a Worker, because these calls may block. */

import { failedDeno } from "../stat/file_failure.ts";
import { type FileIdentity, UNKNOWN_FILE } from "../stat/file_identity.ts";
import type { Device } from "../output/device_writer.ts";
import { syncDevice } from "../target/sync.ts";
import type { DeviceReply, DeviceRequest } from "./device_worker.ts";

/** Owns its Worker. A terminated Worker that is blocked in a system call exits with the process. */
export class PortableDevice implements Device {
  readonly #path: string;
  readonly #identity: FileIdentity;
  #worker: Worker | undefined;
  #busy = false;

  /** @param identity Identity that the device must have. Default: any. */
  constructor(path: string, identity: FileIdentity = UNKNOWN_FILE) {
    this.#path = path;
    this.#identity = identity;
  }

  async open(): Promise<void> {
    this.#worker = new Worker(new URL("./device_worker.ts", import.meta.url), { type: "module" });
    await this.#request({ type: "open", path: this.#path, identity: this.#identity });
  }

  async write(buffer: Uint8Array<ArrayBuffer>, at: number, length: number): Promise<number> {
    return await this.#request({ type: "write", bytes: buffer.slice(at, at + length) });
  }

  async sync(): Promise<void> {
    await syncDevice(this.#path);
  }

  close(): void {
    if (this.#busy) this.#worker?.terminate();
    else this.#worker?.postMessage({ type: "close" } satisfies DeviceRequest);
    this.#worker = undefined;
  }

  async #request(request: DeviceRequest): Promise<number> {
    const worker = this.#worker!;
    this.#busy = true;
    const reply = await new Promise<DeviceReply>((resolve) => {
      worker.onmessage = ({ data }: MessageEvent<DeviceReply>) => resolve(data);
      worker.onerror = (event) => {
        event.preventDefault();
        resolve({ message: event.message });
      };
      const transfer = request.type === "write" ? [request.bytes.buffer as ArrayBuffer] : [];
      worker.postMessage(request, transfer);
    });
    this.#busy = false;
    if ("count" in reply) return reply.count;
    throw failedDeno("write", this.#path, Object.assign(new Error(reply.message), { code: reply.code }));
  }
}
