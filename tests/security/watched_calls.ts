/** Runs code of a test right before a call of an engine. The calls themselves are real. */

import { openFileCalls } from "../../src/native/file/calls.ts";
import { openXattrCalls } from "../../src/native/file/xattr_calls.ts";
import { isNativeHere } from "../files/file_engines.ts";

/** Calls of `Deno.*` by which the portable engine changes files. */
const DENO_CALLS = ["openSync", "chmodSync", "chownSync", "utimeSync", "renameSync", "linkSync", "symlinkSync"];
/** Functions that are not system calls. */
const NO_SYSTEM_CALLS = ["errno", "copyName", "geteuid", "getegid"];

/** Opened once, because a test must not leave a library open. */
const NATIVE = isNativeHere ? [openFileCalls(), openXattrCalls()] as unknown as Record<string, unknown>[] : [];

/** Reports the name of each call of this thread before the call, until it is disposed of. */
export function watchCalls(before: (name: string) => void): Disposable {
  const restore: (() => void)[] = [];
  // Calls of the listener itself are not reported.
  let busy = false;
  const watch = (calls: Record<string, unknown>, names: readonly string[]) => {
    for (const name of names) {
      const call = calls[name];
      if (typeof call !== "function") continue;
      calls[name] = (...values: unknown[]) => {
        if (!busy) {
          busy = true;
          try {
            before(name);
          } finally {
            busy = false;
          }
        }
        return call.apply(calls, values);
      };
      restore.push(() => calls[name] = call);
    }
  };
  for (const calls of NATIVE) watch(calls, Object.keys(calls).filter((name) => !NO_SYSTEM_CALLS.includes(name)));
  watch(Deno as unknown as Record<string, unknown>, DENO_CALLS);
  return { [Symbol.dispose]: () => restore.forEach((undo) => undo()) };
}

/** Runs `act` once, right before the first of these calls. */
export function actBefore(names: readonly string[], act: () => void): Disposable {
  let acted = false;
  return watchCalls((name) => {
    if (acted || !names.includes(name)) return;
    acted = true;
    act();
  });
}

/** First calls of either engine that finish a temporary file. */
export const NAMING_CALLS = ["close", "renameSync"];
