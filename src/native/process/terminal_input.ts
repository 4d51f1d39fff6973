/** The input queue of the controlling terminal (tcflush(3)). */

import { openLibc } from "../libc/libc.ts";

const SYMBOLS = {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  tcflush: { parameters: ["i32", "i32"], result: "i32" },
} as const;

/** TCIFLUSH. */
const RECEIVED = Deno.build.os === "darwin" ? 1 : 0;
/** O_RDONLY with O_NOCTTY, which macOS does not need. */
const READ = Deno.build.os === "linux" ? 0o400 : 0;

/**
 * Discards typed characters that no program has read yet. Does nothing without a terminal, on Windows, and without FFI.
 */
export function discardTypedInput(): void {
  try {
    const { open, close, tcflush } = openLibc(SYMBOLS).symbols;
    const terminal = open(new TextEncoder().encode("/dev/tty\0"), READ);
    if (terminal < 0) return;
    tcflush(terminal, RECEIVED);
    close(terminal);
  } catch {
    // Characters typed before a question may then answer it.
  }
}
