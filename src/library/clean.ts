/** `clean`. */

import { openCopyLog } from "../cli/copy_log.ts";
import { cleanPlaces } from "../cli/run/clean_places.ts";
import { IncompleteError } from "./errors.ts";
import type { FailedEvent, Failure, NoteEvent, SshEvent } from "./events.ts";
import { CLEAN_FLAGS } from "./option_flags.ts";
import type { CleanOptions } from "./options.ts";
import { commandFor, libraryProgram } from "./program.ts";
import { type Run, startRun } from "./run.ts";

/** An event of `clean`. */
export type CleanEvent = RemovedEvent | FailedEvent | NoteEvent | SshEvent;

/** A leftover of an abandoned copy. */
export interface Leftover {
  /** Path of the file. */
  readonly path: string;
  /** Bytes on the disk. */
  readonly bytes: number;
  /** Host of the file; undefined for this machine. */
  readonly host?: string;
}

/** A leftover was removed; with `dryRun`, it would be. */
export interface RemovedEvent extends Leftover {
  /** Kind of the event. */
  readonly type: "removed";
}

/** Result of `clean`. */
export interface CleanResult {
  /** The removed leftovers. */
  readonly removed: readonly Leftover[];
  /** Bytes of the removed leftovers on the disks. */
  readonly bytes: number;
  /** Number of leftovers that a copy uses, or that are too recent. */
  readonly kept: number;
  /** Number of failures. */
  readonly failed: number;
  /** The failures. */
  readonly failures: readonly Failure[];
}

/**
 * Removes the leftovers of abandoned copies on this machine and on remote hosts.
 *
 * ```ts
 * import { clean } from "@escp/escp";
 *
 * const { removed } = await clean("backup:archive", { olderThan: "7d" });
 * ```
 *
 * @param directories one directory or several, as for `copy`. Without any, all leftovers that the records of this machine name;
 * "host:" means all leftovers that the records of that host name.
 * @throws as `copy` (rejects). An `IncompleteError` has a `CleanResult`.
 */
export function clean(
  directories: string | readonly string[] = [],
  options: CleanOptions = {},
): Run<CleanResult, CleanEvent> {
  return startRun(async (emit: (event: CleanEvent) => void, signal) => {
    const operands = typeof directories === "string" ? [directories] : directories;
    const command = await commandFor("clean", { operands, options, known: CLEAN_FLAGS, flags: { clean: true } });
    const [removed, failures]: [Leftover[], Failure[]] = [[], []];
    const note = (message: string) => emit({ type: "note", message });
    using logging = openCopyLog({ ...command.options.output, quiet: true }, note);
    const report = {
      removed(host: string | undefined, { path, bytes }: { path: string; bytes: number }) {
        removed.push({ path, bytes, host });
        emit({ type: "removed", path, bytes, host });
      },
      failed(host: string | undefined, { path, message, hint }: { path: string; message: string; hint?: string }) {
        failures.push({ path, message, hint, host });
        emit({ type: "failed", path, message, hint, host });
      },
      note,
    };
    using program = libraryProgram(emit);
    const { bytes, kept, failed } = await cleanPlaces(command.options, {
      ...{ report, logging, signal, program },
      onEvent: () => {},
    });
    const result = { removed, bytes, kept, failed, failures };
    if (failed > 0 && (options.throwOnFailure ?? true)) throw new IncompleteError("clean", failed, result);
    return result;
  }, options.signal);
}
