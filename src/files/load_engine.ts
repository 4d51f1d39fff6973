/** Chooses the file engine for this machine. */

import { messageOf, UserError } from "../errors.ts";
import type { FileEngine } from "./engine/engine.ts";
import { createNativeEngine } from "./native/engine.ts";
import { createPortableEngine } from "./portable/engine.ts";

/**
 * Returns the file engine of a choice. "auto" uses the native engine if its self-test succeeds.
 *
 * @returns the engine. `note` is the reason why the native engine is not used, or a system call that it lacks.
 * @throws {UserError} If the choice is "native" and its self-test fails.
 */
export function loadFileEngine(choice: "auto" | "native" | "portable"): { engine: FileEngine; note?: string } {
  if (choice === "portable") return { engine: createPortableEngine() };
  try {
    return native ??= createNativeEngine();
  } catch (error) {
    const reason = messageOf(error);
    if (choice === "auto") {
      return { engine: createPortableEngine(), note: `The native file engine is not used: ${reason}` };
    }
    throw new UserError(`Cannot use the native file engine: ${reason}`, {
      cause: error,
      hint: "Use --engine auto or --engine portable",
    });
  }
}

/** The native engine of this thread, after its self-test. All streams of the thread share it. */
let native: { engine: FileEngine; note?: string } | undefined;
