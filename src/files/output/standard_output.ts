/** Standard output or another open descriptor as a target: written in order, and never opened or closed by a path. */

import { OutputClosed, quotePath, UserError } from "../../errors.ts";
import { writeAll } from "../../log/write_all.ts";
import { openFileCalls } from "../../native/file/calls.ts";
import { sharedOutput } from "../../native/net/shared_output.ts";
import type { Device } from "./device_writer.ts";
import { codeOf, failedDeno } from "../stat/file_failure.ts";
import { DescriptorOutput } from "./descriptor_output.ts";

/** Name in messages. */
const NAME = "standard output";
const STDOUT = 1;
const STDERR = 2;

let stream: { writeSync(bytes: Uint8Array): number } | undefined;

/** Writes all bytes. @throws {FileError | OutputClosed} */
export function writeStandardOutput(bytes: Uint8Array): void {
  stream ??= sharedOutput() ?? Deno.stdout;
  try {
    writeAll(stream, bytes);
  } catch (error) {
    throw codeOf(error) === "EPIPE" ? new OutputClosed() : failedDeno("write", NAME, error);
  }
}

/** An open descriptor of this process as a device. */
export class StandardOutput implements Device {
  readonly #descriptor: number;
  readonly #output: DescriptorOutput | undefined;

  /** @param descriptor Default: standard output. */
  constructor(descriptor = STDOUT) {
    this.#descriptor = descriptor;
    this.#output = descriptorOutput(descriptor);
  }

  open(): Promise<void> {
    return Promise.resolve();
  }

  async write(buffer: Uint8Array<ArrayBuffer>, at: number, length: number): Promise<number> {
    if (this.#output) return await this.#output.write(buffer, at, length);
    try {
      return await streamOf(this.#descriptor).write(buffer.subarray(at, at + length));
    } catch (error) {
      throw failedDeno("write", nameOf(this.#descriptor), error);
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
 * Checks that the user has opened a descriptor. A descriptor of the runtime has the flag O_CLOEXEC, in contrast to an
 * inherited one.
 *
 * @throws {UserError} If it is not open, or belongs to the runtime.
 */
export function checkDescriptor(descriptor: number): void {
  if (descriptor <= 2 || Deno.build.os !== "linux") return;
  const closeOnExec = 0o2000000;
  let flags = closeOnExec;
  try {
    const info = Deno.readTextFileSync(`/proc/self/fdinfo/${descriptor}`);
    flags = parseInt(/^flags:\s*([0-7]+)$/m.exec(info)?.[1] ?? "", 8);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) return;
  }
  if ((flags & closeOnExec) === 0) return;
  throw new UserError(`Cannot write ${quotePath(nameOf(descriptor))}: Bad file descriptor`, {
    hint: `Open it in the shell, as in: escp FILE ${nameOf(descriptor)} ${descriptor}>TARGET`,
  });
}

function nameOf(descriptor: number): string {
  return descriptor === STDOUT ? NAME : `/dev/fd/${descriptor}`;
}

function streamOf(descriptor: number): { write(bytes: Uint8Array): Promise<number> } {
  if (descriptor === STDOUT) return Deno.stdout;
  if (descriptor === STDERR) return Deno.stderr;
  throw new Error(`only standard output and standard error are supported on ${Deno.build.os}`);
}

/**
 * Uses system calls if available, also with the portable engine: ssh may have put standard output in non-blocking mode,
 * in which `Deno.stdout.write` does not report how much it wrote.
 */
function descriptorOutput(descriptor: number): DescriptorOutput | undefined {
  try {
    return new DescriptorOutput(openFileCalls(), descriptor, nameOf(descriptor), { owned: false });
  } catch {
    return undefined;
  }
}
