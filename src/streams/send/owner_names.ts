/** Names of the owners of sent files, each of which is sent once. */

import type { Accounts } from "../../native/file/account_calls.ts";
import { type OwnerName, problemOfOwner } from "../../protocol/data/owners.ts";
import { RecordCursor, RecordField, RecordType } from "../../protocol/data/records.ts";
import { MAX_OWNERS } from "../../protocol/limits.ts";

const KINDS = ["user", "group"] as const;

/** Finds owners whose names were not sent yet. */
export class OwnerNames {
  readonly #accounts: Accounts;
  readonly #known = { user: new Set<number>([0]), group: new Set<number>([0]) };
  /** Owner of the last record, because most files have the same. */
  #user = 0;
  #group = 0;
  #sent = 0;

  constructor(accounts: Accounts) {
    this.#accounts = accounts;
  }

  /** Returns the new names of the owners in a plan. */
  ofPlan(plan: Uint8Array<ArrayBuffer>): OwnerName[] {
    const found: OwnerName[] = [];
    const cursor = new RecordCursor(plan, 0, plan.length, { plan: true });
    while (cursor.next()) {
      if (cursor.type === RecordType.enter || cursor.type === RecordType.hardlink) continue;
      const uid = cursor.uint32(RecordField.uid);
      const gid = cursor.uint32(RecordField.gid);
      if (uid !== this.#user || gid !== this.#group) this.#add(found, uid, gid);
    }
    return found;
  }

  /** Returns the new names of the owners of one file. */
  of({ uid, gid }: { uid: number; gid: number }): OwnerName[] {
    const found: OwnerName[] = [];
    this.#add(found, uid, gid);
    return found;
  }

  #add(found: OwnerName[], uid: number, gid: number): void {
    this.#user = uid;
    this.#group = gid;
    for (const kind of KINDS) {
      const id = kind === "user" ? uid : gid;
      const known = this.#known[kind];
      // Later owners keep their numbers.
      if (known.has(id) || this.#sent === MAX_OWNERS) continue;
      known.add(id);
      const name = this.#accounts.nameOf(kind, id);
      if (name === undefined || problemOfOwner(name) !== undefined) continue;
      this.#sent++;
      found.push({ kind, id, name });
    }
  }
}
