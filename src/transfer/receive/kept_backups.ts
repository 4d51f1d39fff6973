/** Identities of the backups of a verified copy, so that no other file is restored. */

import type { DirectoryPlace, KeptBackup } from "../../files/engine/target.ts";
import { type FileIdentity, isSameFile } from "../../files/stat/file_identity.ts";
import type { ResumeRecord } from "./resume_record.ts";

/** Backups of all threads. */
export class KeptBackups {
  readonly #kept = new Map<string, FileIdentity>();
  readonly #memory: ResumeRecord | undefined;
  /** Backups that no later run knows yet. */
  #unnoted: KeptBackup[] = [];

  /** @param memory knows the backups of earlier runs of this copy. */
  constructor(memory: ResumeRecord | undefined) {
    this.#memory = memory;
  }

  add(backups: readonly KeptBackup[] = []): void {
    for (const backup of backups) this.#kept.set(keyOf(backup), backup.identity);
    if (this.#memory) this.#unnoted.push(...backups);
    this.note();
  }

  /** Notes the backups for a later run, if this run leaves one anything to continue. Otherwise they are removed. */
  note(): void {
    if (this.#unnoted.length === 0 || !this.#memory?.isKept) return;
    for (const backup of this.#unnoted.splice(0)) this.#memory.noteBackup(backup);
  }

  /** Returns whether this file is a backup of the copy. */
  has(backup: KeptBackup): boolean {
    const kept = this.#kept.get(keyOf(backup));
    return kept ? isSameFile(kept, backup.identity) : this.#memory?.hasKept(backup) ?? false;
  }

  /** Forgets the backups of verified entries. */
  drop(confirmed: readonly DirectoryPlace[] = []): void {
    for (const place of confirmed) this.#kept.delete(keyOf(place));
  }
}

function keyOf({ root, path }: DirectoryPlace): string {
  return `${root}/${path}`;
}
