/** Standard output that is one pipe with standard error. Linux. */

import { errnoName, errnoText } from "../libc/errno.ts";
import { openPipeCalls } from "./pipe_calls.ts";
import { openSocketCalls } from "./socket_calls.ts";

const STDOUT = 1;

/**
 * ssh, which has our standard error, puts that pipe in non-blocking mode. Then `Deno.stdout.writeSync` throws when the pipe
 * is full and keeps a part of the bytes in a buffer of its own, so that nobody knows what was written; a system call says
 * it.
 *
 * @returns undefined where they are not one, or the system cannot be asked.
 */
export function sharedOutput(): { writeSync(bytes: Uint8Array): number } | undefined {
  try {
    const pipe = Deno.readLinkSync("/proc/self/fd/1");
    if (!/^(pipe|socket):/.test(pipe) || pipe !== Deno.readLinkSync("/proc/self/fd/2")) return undefined;
    const [{ write }, { errno }] = [openPipeCalls(), openSocketCalls()];
    return {
      writeSync(bytes) {
        const count = Number(write(STDOUT, bytes as Uint8Array<ArrayBuffer>, BigInt(bytes.length)));
        if (count >= 0) return count;
        const number = errno();
        const code = errnoName(number);
        if (code === "EINTR") return 0;
        const message = errnoText(number);
        throw code === "EAGAIN" ? new Deno.errors.WouldBlock(message) : Object.assign(new Error(message), { code });
      },
    };
  } catch {
    return undefined;
  }
}
