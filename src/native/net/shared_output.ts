/** Writes to standard output if it shares a pipe with standard error. Linux. */

import { Errno, errnoName, errnoText } from "../libc/errno.ts";
import { fileOfDescriptor } from "../process/descriptors.ts";
import { openPipeCalls } from "./pipe_calls.ts";
import { openSocketCalls } from "./socket_calls.ts";

const STDOUT = 1;
const STDERR = 2;

/**
 * Returns a writer for the shared pipe. ssh inherits standard error and puts the pipe in non-blocking mode. Then
 * `Deno.stdout.writeSync` throws when the pipe is full, but buffers some of the bytes, so the number of written bytes is
 * unknown. The system call reports that number.
 *
 * @returns undefined if the streams do not share a pipe, or without /proc or FFI.
 */
export function sharedOutput(): { writeSync(bytes: Uint8Array): number } | undefined {
  const file = fileOfDescriptor(STDOUT);
  if (file === undefined || !/^(pipe|socket):/.test(file) || file !== fileOfDescriptor(STDERR)) return undefined;
  try {
    const [{ write }, { errno }] = [openPipeCalls(), openSocketCalls()];
    return {
      writeSync(bytes) {
        const count = Number(write(STDOUT, bytes as Uint8Array<ArrayBuffer>, BigInt(bytes.length)));
        if (count >= 0) return count;
        const code = errno();
        if (code === Errno.EINTR) return 0;
        const message = errnoText(code);
        if (code === Errno.EAGAIN) throw new Deno.errors.WouldBlock(message);
        throw Object.assign(new Error(message), { code: errnoName(code) });
      },
    };
  } catch {
    return undefined;
  }
}
