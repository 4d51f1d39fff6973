/** Chooses the file engine for this machine. */

import { messageOf, UserError } from "../errors.ts";
import type { FileEngine } from "./engine/engine.ts";

/** An engine. `note` is the reason why it is not the native one, or a system call that it lacks. */
export interface LoadedFileEngine {
  engine: FileEngine;
  note?: string;
}

/**
 * Loads the file engine of a choice. "auto" uses the native engine if its self-test succeeds. The code of the other engine is
 * not loaded.
 *
 * @throws {UserError} If the choice is "native" and its self-test fails.
 */
export async function loadFileEngine(choice: "auto" | "native" | "portable"): Promise<LoadedFileEngine> {
  if (choice === "portable") return { engine: await portableEngine() };
  const { createNativeEngine } = await import("./native/engine.ts");
  try {
    return native ??= createNativeEngine();
  } catch (error) {
    const reason = messageOf(error);
    if (choice === "auto") {
      return { engine: await portableEngine(), note: `The native file engine is not used: ${reason}` };
    }
    throw new UserError(`Cannot use the native file engine: ${reason}`, {
      cause: error,
      hint: "Use --engine auto or --engine portable",
    });
  }
}

/** The native engine of this thread, after its self-test. All streams of the thread share it. */
let native: LoadedFileEngine | undefined;

async function portableEngine(): Promise<FileEngine> {
  const { createPortableEngine } = await import("./portable/engine.ts");
  return createPortableEngine();
}
