/** Chooses the file engine for this machine. */

import { UserError } from "../errors.ts";
import type { FileEngine } from "./engine/engine.ts";
import { createNativeEngine } from "./native/engine.ts";
import { createPortableEngine } from "./portable/engine.ts";

/**
 * Returns the engine for this machine. "auto" uses the native engine if its test succeeds. The note contains the reason if
 * it fails, or a feature that the native engine lacks.
 *
 * @throws {UserError} If "native" is required and its test fails.
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

/** The native engine of this thread, which has passed its test; used by every stream of the thread. */
let native: { engine: FileEngine; note?: string } | undefined;
