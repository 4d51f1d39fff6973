/** Engines and settings of this machine. */

import type { CipherEngine } from "../crypto/cipher.ts";
import { type EngineChoice, loadCipherEngine } from "../crypto/engines.ts";
import { type FileEngine } from "../files/engine/engine.ts";
import { loadFileEngine } from "../files/load_engine.ts";
import { StateDirectory } from "../resume/state_directory.ts";
import { workersFor } from "./streams/stream_policy.ts";

/** Resources of this machine for transfers. */
export interface Machine {
  cipher: CipherEngine;
  files: FileEngine;
  /** Reasons why an engine is not the native one. */
  notes: string[];
  /**
   * Returns the number of Workers for a number of streams.
   *
   * @param options.busy whether streams compute much, as with compression. Default: false.
   */
  workers(streams: number, options?: { busy: boolean }): number;
  /** Permissions that new files do not get (umask(2)); 0 on Windows. */
  umask: number;
  /** Directory for the records of a receiver. */
  state: StateDirectory;
}

/**
 * Opens the engines.
 *
 * @param threads number of Workers from the user. Default: chosen for the number of cores.
 * @throws {UserError} if the native engine was requested and is not available.
 */
export async function openMachine(choice: EngineChoice, threads: number | undefined): Promise<Machine> {
  const cipher = loadCipherEngine(choice);
  const files = await loadFileEngine(choice);
  // Connections can be moved to a Worker only on Linux.
  const canMove = choice !== "portable" && Deno.build.os === "linux" && files.engine.name === "native";
  return {
    cipher: cipher.engine,
    files: files.engine,
    notes: [cipher.note, files.note].filter((note) => note !== undefined),
    umask: Deno.build.os === "windows" ? 0 : Deno.umask(),
    state: new StateDirectory(),
    workers: (streams, { busy } = { busy: false }) =>
      canMove ? workersFor(streams, navigator.hardwareConcurrency, { threads, busy }) : 0,
  };
}
