/** Names of the owners of sent files and of those in their access control lists. Each is sent once. */

import type { Accounts } from "../../native/file/account_calls.ts";
import { forEachListed } from "../../protocol/data/access_lists.ts";
import { type OwnerName, problemOfOwner } from "../../protocol/data/owners.ts";
import { RecordCursor, RecordField, RecordType } from "../../protocol/data/records.ts";
import { MAX_OWNERS } from "../../protocol/limits.ts";

/** A large file. */
export interface OwnedFile {
  attributes: { uid: number; gid: number };
  /** Block of extended attributes. */
  xattrs?: Uint8Array;
}

/** An owner whose name is not known yet. */
type NewOwner = Omit<OwnerName, "name">;

/** Finds owners whose names were not sent yet. Look-ups may take seconds: send the names before anything that needs them. */
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

  /** Returns the new names of the owners in a plan; undefined if all owners are known. */
  ofPlan(plan: Uint8Array<ArrayBuffer>): Promise<OwnerName[]> | undefined {
    const added: NewOwner[] = [];
    const cursor = new RecordCursor(plan, 0, plan.length, { plan: true });
    while (cursor.next()) {
      if (cursor.type === RecordType.enter || cursor.type === RecordType.hardlink) continue;
      const uid = cursor.uint32(RecordField.uid);
      const gid = cursor.uint32(RecordField.gid);
      if (uid !== this.#user || gid !== this.#group) this.#addOwner(added, uid, gid);
      this.#addListed(added, cursor.xattrs());
    }
    return this.#namesOf(added);
  }

  /** Returns the new names of the owners of one file; undefined if all owners are known. */
  ofFile({ attributes: { uid, gid }, xattrs }: OwnedFile): Promise<OwnerName[]> | undefined {
    const added: NewOwner[] = [];
    this.#addOwner(added, uid, gid);
    this.#addListed(added, xattrs);
    return this.#namesOf(added);
  }

  #addOwner(added: NewOwner[], uid: number, gid: number): void {
    this.#user = uid;
    this.#group = gid;
    this.#add(added, "user", uid);
    this.#add(added, "group", gid);
  }

  /** Adds the users and groups of access control lists. An older receiver has no use for their names. */
  #addListed(added: NewOwner[], xattrs: Uint8Array | undefined): void {
    if (xattrs) forEachListed(xattrs, (kind, id) => this.#add(added, kind, id));
  }

  #add(added: NewOwner[], kind: OwnerName["kind"], id: number): void {
    if (this.#known[kind].has(id)) return;
    this.#known[kind].add(id);
    added.push({ kind, id });
  }

  #namesOf(owners: readonly NewOwner[]): Promise<OwnerName[]> | undefined {
    // Later owners keep their numbers.
    return owners.length === 0 || this.#sent === MAX_OWNERS ? undefined : this.#lookUp(owners);
  }

  async #lookUp(owners: readonly NewOwner[]): Promise<OwnerName[]> {
    const found: OwnerName[] = [];
    for (const { kind, id } of owners) {
      const name = await this.#accounts.nameOf(kind, id);
      if (name === undefined || problemOfOwner(name) !== undefined) continue;
      if (this.#sent === MAX_OWNERS) break;
      this.#sent++;
      found.push({ kind, id, name });
    }
    return found;
  }
}
