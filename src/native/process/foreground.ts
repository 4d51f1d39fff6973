/** Whether this process may write to its terminal without disturbing another job (tcgetpgrp(3), getpgrp(2)). */

import { openLibc } from "../libc/libc.ts";

const SYMBOLS = {
  tcgetpgrp: { parameters: ["i32"], result: "i32" },
  getpgrp: { parameters: [], result: "i32" },
} as const;

/**
 * Returns a function that returns whether this process belongs to the foreground job of a terminal. The result is always
 * true if the terminal does not control this session, on Windows, and without FFI.
 */
export function foregroundCheck(descriptor: number): () => boolean {
  try {
    const { tcgetpgrp, getpgrp } = openLibc(SYMBOLS).symbols;
    return () => {
      const group = tcgetpgrp(descriptor);
      return group < 0 || group === getpgrp();
    };
  } catch {
    return () => true;
  }
}
