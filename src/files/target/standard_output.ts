/** Standard output as a target: written in order, and never opened or closed by a path. */

import { writeAll } from "../../log/write_all.ts";
import { openFileCalls } from "../../native/file/calls.ts";
import { sharedOutput } from "../../native/net/shared_output.ts";
import type { Device } from "./device_writer.ts";
import { failedDeno } from "../stat/file_failure.ts";
import { DescriptorOutput } from "./descriptor_output.ts";

/** Name in messages. */
const NAME = "standard output";
const STDOUT = 1;

let stream: { writeSync(bytes: Uint8Array): number } | undefined;

/** Writes all bytes. @throws {FileError} For example if the reader has closed the pipe. */
export function writeStandardOutput(bytes: Uint8Array): void {
  stream ??= sharedOutput() ?? Deno.stdout;
  try {
    writeAll(stream, bytes);
  } catch (error) {
    throw failedDeno("write", NAME, error);
  }
}

/** Standard output as a device. */
export class StandardOutput implements Device {
  readonly #output = descriptorOutput();

  open(): Promise<void> {
    return Promise.resolve();
  }

  async write(buffer: Uint8Array<ArrayBuffer>, at: number, length: number): Promise<number> {
    if (this.#output) return await this.#output.write(buffer, at, length);
    try {
      return await Deno.stdout.write(buffer.subarray(at, at + length));
    } catch (error) {
      throw failedDeno("write", NAME, error);
    }
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.#output?.close();
  }
}

/**
 * Uses system calls if available, also with the portable engine: ssh may have put standard output in non-blocking mode,
 * in which `Deno.stdout.write` does not report how much it wrote.
 */
function descriptorOutput(): DescriptorOutput | undefined {
  try {
    return new DescriptorOutput(openFileCalls(), STDOUT, NAME, { owned: false });
  } catch {
    return undefined;
  }
}
