/** Sources that a sender removes after their copies are confirmed (`--remove-source-files`). */

import type { FileError } from "../../errors.ts";
import { directoryOf } from "../../files/path/local_path.ts";
import { freshMs } from "../../files/stat/file_change.ts";
import { type FileIdentity, identityOfStat } from "../../files/stat/file_identity.ts";
import { MOST_WAITING } from "../../session/model/control_channel.ts";
import { ConfirmedSources } from "./confirmed_sources.ts";
import type { SendOptions } from "./send_options.ts";
import { removeSources } from "./source_remover.ts";

/** Callbacks and settings of a removal. */
export interface MovedSourcesHost {
  /** Whether symbolic links below the roots are followed. */
  follow: boolean;
  /** A source could not be removed. */
  failed(error: FileError): void;
  note(message: string): void;
}

/** The sources of one copy. Create it before the walk begins. */
export class MovedSources {
  /** Entries to remove. */
  readonly confirmed = new ConfirmedSources();
  /** Number of sources that could not be removed. */
  failures = 0;
  readonly #options: SendOptions;
  readonly #host: MovedSourcesHost;
  /** In milliseconds since 1970. */
  readonly #startedAt = Date.now();
  /** As in `RemovalHost`. */
  readonly #parents = new Map<number, FileIdentity>();

  constructor(options: SendOptions, host: MovedSourcesHost) {
    this.#options = options;
    this.#host = host;
  }

  /** Waits until files that were changed before this run are no longer fresh, and identifies the directories of root files. */
  async prepare(): Promise<void> {
    const { machine: { files: { paths } }, roots } = this.#options;
    for (const [index, { kind, path }] of roots.entries()) {
      if (kind !== "file") continue;
      const stat = paths.stat(directoryOf(path), { follow: true });
      if (stat) this.#parents.set(index, identityOfStat(stat));
    }
    await new Promise((resolve) => setTimeout(resolve, freshMs(this.#startedAt, Date.now())));
  }

  /**
   * Removes the sources that the receiver has confirmed.
   *
   * @param isComplete whether the receiver could complete the target: otherwise the names of copies may not be on its disk.
   * @returns the number of removed entries.
   */
  async run({ isComplete }: { isComplete: boolean }): Promise<number> {
    const { session: { role, control }, machine: { files }, roots } = this.#options;
    const { follow, note } = this.#host;
    if (!isComplete) note("no source was removed, because the target could not be completed");
    const removed = !isComplete ? 0 : await removeSources(this.confirmed, {
      files,
      roots,
      since: this.#startedAt,
      parents: this.#parents,
      follow,
      failed: (error) => {
        this.failures++;
        this.#host.failed(error);
      },
      note,
      turn: () => control.waiting > MOST_WAITING ? control.flushed() : undefined,
    });
    if (role !== "client") control.send({ type: "sourcesRemoved", entries: removed });
    return removed;
  }
}
