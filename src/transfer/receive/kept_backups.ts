/** Identities of the backups of a verified copy, so that no other file is restored. */

import type { KeptBackup, TargetPlace } from "../../files/engine/target_place.ts";
import { placeKey } from "../../files/target/name.ts";
import { type FileIdentity, isSameFile } from "../../files/stat/file_identity.ts";
import type { ResumeRecord } from "./resume_record.ts";

/** Backups of all threads. */
export class KeptBackups {
  readonly #kept = new Map<string, FileIdentity>();
  readonly #record: ResumeRecord | undefined;
  /** Backups that are not in the record yet. */
  #unrecorded: KeptBackup[] = [];

  /** @param record with the backups of earlier runs of this copy. */
  constructor(record: ResumeRecord | undefined) {
    this.#record = record;
  }

  /** Adds backups, and records them for a later run if the record is kept. */
  add(backups: readonly KeptBackup[] = []): void {
    for (const backup of backups) this.#kept.set(placeKey(backup), backup.identity);
    if (this.#record) this.#unrecorded.push(...backups);
    this.writeToRecord();
  }

  /** Records the backups for a later run if the record is kept. Otherwise they are removed. */
  writeToRecord(): void {
    if (this.#unrecorded.length === 0 || !this.#record?.isKept) return;
    for (const backup of this.#unrecorded.splice(0)) this.#record.addBackup(backup);
  }

  /** Returns whether this file is a backup of the copy. */
  has(backup: KeptBackup): boolean {
    const kept = this.#kept.get(placeKey(backup));
    return kept ? isSameFile(kept, backup.identity) : this.#record?.hasBackup(backup) ?? false;
  }

  /** Removes the backups of verified entries from the list. */
  drop(confirmed: readonly TargetPlace[] = []): void {
    for (const place of confirmed) this.#kept.delete(placeKey(place));
  }
}
