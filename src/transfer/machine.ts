/** What of this machine a transfer uses. */

import type { CipherEngine } from "../crypto/cipher.ts";
import { type EngineChoice, loadCipherEngine } from "../crypto/engines.ts";
import { type FileEngine } from "../files/engine/engine.ts";
import { loadFileEngine } from "../files/load_engine.ts";
import { StateDirectory } from "../resume/state_directory.ts";
import { workersFor } from "./stream_policy.ts";

/** Both engines, and how many Workers streams are worth. */
export interface Machine {
  cipher: CipherEngine;
  files: FileEngine;
  /** Why an engine is not the native one. */
  notes: string[];
  /**
   * Workers for so many streams.
   *
   * @param options.busy each stream has much to compute, as when it compresses.
   */
  workers(streams: number, options?: { busy: boolean }): number;
  /** Permissions that new files do not get (umask(2)); 0 where there is no such thing. */
  umask: number;
  /** Where a receiver keeps what a later run needs. */
  state: StateDirectory;
}

/**
 * @param threads Workers that the user wants for streams; undefined: as many as are good for this machine.
 * @throws {UserError} when the native engine was asked for and cannot be had.
 */
export function openMachine(choice: EngineChoice, threads: number | undefined): Machine {
  const cipher = loadCipherEngine(choice);
  const files = loadFileEngine(choice);
  // Only Linux has the calls by which a Worker takes over a connection.
  const canHandOver = choice !== "portable" && Deno.build.os === "linux" && files.engine.name === "native";
  return {
    cipher: cipher.engine,
    files: files.engine,
    notes: [cipher.note, files.note].filter((note) => note !== undefined),
    umask: Deno.build.os === "windows" ? 0 : Deno.umask(),
    state: new StateDirectory(),
    workers: (streams, { busy } = { busy: false }) =>
      canHandOver ? workersFor(streams, navigator.hardwareConcurrency, { threads, busy }) : 0,
  };
}
