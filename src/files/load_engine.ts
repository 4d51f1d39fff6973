/** Chooses the engine for this machine. */

import { UserError } from "../errors.ts";
import type { FileEngine } from "./engine/engine.ts";
import { createNativeEngine } from "./native/engine.ts";
import { createPortableEngine } from "./portable/engine.ts";

/**
 * The engine for this machine. "auto" takes the native one where it proves itself; the note says why it did not, or
 * what it has to do without.
 *
 * @throws {UserError} when "native" is demanded and cannot be had.
 */
export function loadFileEngine(choice: "auto" | "native" | "portable"): { engine: FileEngine; note?: string } {
  if (choice === "portable") return { engine: createPortableEngine() };
  try {
    return native ??= createNativeEngine();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (choice === "auto") return { engine: createPortableEngine(), note: `files: portable engine (${reason})` };
    throw new UserError("Cannot use the native engine for files: " + reason, {
      cause: error,
      hint: "Use --engine auto or --engine portable",
    });
  }
}

/** Of this thread: it has proven itself, and every stream of the thread uses it. */
let native: { engine: FileEngine; note?: string } | undefined;
