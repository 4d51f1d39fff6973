/**
 * Lets a test act at an exact instant: right before one of the calls by which an engine works on files. The calls
 * themselves are those of the system.
 */

import { openFileCalls } from "../../src/native/file_calls.ts";
import { openXattrCalls } from "../../src/native/xattr_calls.ts";
import { isNativeHere } from "../files/file_engines.ts";

/** What the portable engine uses of `Deno.*` to change something. */
const DENO_CALLS = ["openSync", "chmodSync", "chownSync", "utimeSync", "renameSync", "linkSync", "symlinkSync"];
/** These ask the system for nothing. */
const NO_SYSTEM_CALLS = ["errno", "copyName", "geteuid", "getegid"];

/** Opened here: what a test opens it has to close. */
const NATIVE = isNativeHere ? [openFileCalls(), openXattrCalls()] as unknown as Record<string, unknown>[] : [];

/** Tells of each call of this thread, by its name, before it is made; until it is disposed of. */
export function watchCalls(before: (name: string) => void): Disposable {
  const restore: (() => void)[] = [];
  // What the listener calls itself is not told.
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

/** Acts once, right before the first of these calls. */
export function actBefore(names: readonly string[], act: () => void): Disposable {
  let acted = false;
  return watchCalls((name) => {
    if (acted || !names.includes(name)) return;
    acted = true;
    act();
  });
}

/** Calls that give a temporary file its final name, or look at it right before: an attacker acts before the first. */
export const NAMING_CALLS = ["close", "renameSync"];
