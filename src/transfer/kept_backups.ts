/** Which files a verified copy has replaced and keeps under other names, so that nothing else is restored from there. */

import type { FolderPlace, KeptBackup } from "../files/engine.ts";
import { type FileIdentity, isSameFile } from "../files/file_identity.ts";
import type { RememberedRun } from "./remembered_run.ts";

/** Of all threads together. */
export class KeptBackups {
  readonly #kept = new Map<string, FileIdentity>();
  readonly #memory: RememberedRun | undefined;
  /** Those that no later run would know of. */
  #unnoted: KeptBackup[] = [];

  /** @param memory knows what earlier runs of this copy have kept. */
  constructor(memory: RememberedRun | undefined) {
    this.#memory = memory;
  }

  add(backups: readonly KeptBackup[] = []): void {
    for (const backup of backups) this.#kept.set(keyOf(backup), backup.identity);
    if (this.#memory) this.#unnoted.push(...backups);
    this.note();
  }

  /** Notes them for a later run, when there is anything else that one goes on with: otherwise they are removed. */
  note(): void {
    if (this.#unnoted.length === 0 || !this.#memory?.isKept) return;
    for (const backup of this.#unnoted.splice(0)) this.#memory.noteBackup(backup);
  }

  /** Whether this file is the one that was kept. */
  has(backup: KeptBackup): boolean {
    const kept = this.#kept.get(keyOf(backup));
    return kept ? isSameFile(kept, backup.identity) : this.#memory?.hasKept(backup) ?? false;
  }

  /** What these have replaced is not needed any more. */
  drop(confirmed: readonly FolderPlace[] = []): void {
    for (const place of confirmed) this.#kept.delete(keyOf(place));
  }
}

function keyOf({ root, path }: FolderPlace): string {
  return `${root}/${path}`;
}
