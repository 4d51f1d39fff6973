/** Maps the owners of the sender to those of this machine, by their names. */

import { ProtocolError } from "../../errors.ts";
import type { Accounts } from "../../native/file/account_calls.ts";
import type { OwnerName } from "../../protocol/data/owners.ts";
import { type RecordCursor, RecordField } from "../../protocol/data/records.ts";
import { MAX_OWNERS } from "../../protocol/limits.ts";

/** Owner of all copied entries; undefined: that of the source. */
export interface FixedOwner {
  uid?: number;
  gid?: number;
}

/** The owners of one channel. A name applies to the records and messages after it. */
export class OwnerMap {
  readonly #fixed: FixedOwner;
  readonly #accounts: Accounts;
  readonly #users = new Map<number, number>();
  readonly #groups = new Map<number, number>();
  #added = 0;
  /** Whether an owner may change. */
  #isActive: boolean;

  constructor(accounts: Accounts, fixed: FixedOwner = {}) {
    this.#accounts = accounts;
    this.#fixed = fixed;
    this.#isActive = fixed.uid !== undefined || fixed.gid !== undefined;
  }

  /** Adds names of the sender. A name that this machine lacks leaves its number as it is. @throws {ProtocolError} for too many. */
  add(owners: readonly OwnerName[]): void {
    this.#added += owners.length;
    if (this.#added > MAX_OWNERS) throw new ProtocolError("bad-record", "Cannot accept an owner: there are too many");
    for (const { kind, id, name } of owners) {
      const own = this.#accounts.idOf(kind, name);
      if (own === undefined || own === id) continue;
      (kind === "user" ? this.#users : this.#groups).set(id, own);
      this.#isActive = true;
    }
  }

  /** Replaces owner and group of the current record. */
  apply(cursor: RecordCursor): void {
    if (!this.#isActive) return;
    const uid = cursor.uint32(RecordField.uid);
    const gid = cursor.uint32(RecordField.gid);
    cursor.setOwner(this.#userOf(uid), this.#groupOf(gid));
  }

  /** Returns the attributes with owner and group of this machine. */
  mapped<T extends { uid: number; gid: number }>(attributes: T): T {
    return { ...attributes, uid: this.#userOf(attributes.uid), gid: this.#groupOf(attributes.gid) };
  }

  #userOf(id: number): number {
    return this.#fixed.uid ?? this.#users.get(id) ?? id;
  }

  #groupOf(id: number): number {
    return this.#fixed.gid ?? this.#groups.get(id) ?? id;
  }
}
