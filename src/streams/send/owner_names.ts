/** Names of the owners of sent files and of those in their access control lists. Each is sent once. */

import type { Accounts } from "../../native/file/account_calls.ts";
import { forEachListed } from "../../protocol/data/access_lists.ts";
import { type OwnerName, problemOfOwner } from "../../protocol/data/owners.ts";
import { RecordCursor, RecordField, RecordType } from "../../protocol/data/records.ts";
import { grouped } from "../../protocol/control/texts.ts";
import { MAX_OWNERS } from "../../protocol/limits.ts";
import { FailedLookUps } from "../failed_look_ups.ts";

/** A large file. */
export interface OwnedFile {
  attributes: { uid: number; gid: number };
  /** Block of extended attributes. */
  xattrs?: Uint8Array;
}

/** An owner whose name is not known yet. */
interface NewOwner extends Omit<OwnerName, "name"> {
  /** Whether only an access control list names it so far. */
  isListed: boolean;
}

/** Options of names of owners. */
export interface OwnerNamesOptions {
  /** Whether names in access control lists are sent too. Default: false. */
  namesLists?: boolean;
  /** Called with a note for the user, once for each kind of problem. */
  note?: (text: string) => void;
  /** A clock, in milliseconds. */
  now?: () => number;
}

/**
 * Name of an owner whose name cannot be looked up. No host has it, because it separates the fields of passwd(5) and group(5).
 * So the receiver keeps the number, and drops setuid, setgid and capabilities.
 */
const NO_ACCOUNT = ":";

/** Maximum number of names of users and groups that are in access control lists only, so that they leave room for owners. */
const MAX_LISTED = MAX_OWNERS / 2;

/** Finds owners whose names were not sent yet. Look-ups may take seconds: send the names before anything that needs them. */
export class OwnerNames {
  readonly #accounts: Accounts;
  readonly #namesLists: boolean;
  readonly #failures: FailedLookUps;
  readonly #note: (text: string) => void;
  /** Owners that need no look-up: root, and those that were looked up. */
  readonly #known = { user: new Set<number>([0]), group: new Set<number>([0]) };
  /** Owner of the last record, because most files have the same. */
  #user = 0;
  #group = 0;
  #sent = 0;
  /** Number of names that were sent for access control lists. */
  #sentListed = 0;
  /** Whether a name did not fit. Later owners keep their numbers. */
  #isFull = false;
  /** Owners that were sent with `NO_ACCOUNT`, as kind and number. */
  readonly #nameless = new Set<string>();
  #isListFull = false;

  constructor(accounts: Accounts, { namesLists = false, note = () => {}, now }: OwnerNamesOptions = {}) {
    this.#accounts = accounts;
    this.#namesLists = namesLists;
    this.#note = note;
    this.#failures = new FailedLookUps((reason) => {
      note(`Cannot look up some users and groups on the host of the sources: ${reason}. The target gets their numbers`);
    }, now);
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
    this.#add(added, { kind: "user", id: uid, isListed: false });
    this.#add(added, { kind: "group", id: gid, isListed: false });
  }

  /** Adds the users and groups of access control lists. */
  #addListed(added: NewOwner[], xattrs: Uint8Array | undefined): void {
    if (!xattrs || !this.#namesLists || this.#isListFull) return;
    forEachListed(xattrs, (kind, id) => this.#add(added, { kind, id, isListed: true }));
  }

  #add(added: NewOwner[], owner: NewOwner): void {
    if (this.#known[owner.kind].has(owner.id)) return;
    this.#known[owner.kind].add(owner.id);
    added.push(owner);
  }

  #namesOf(owners: readonly NewOwner[]): Promise<OwnerName[]> | undefined {
    return owners.length === 0 || this.#isFull ? undefined : this.#lookUp(owners);
  }

  async #lookUp(owners: readonly NewOwner[]): Promise<OwnerName[]> {
    const found: OwnerName[] = [];
    for (const { kind, id, isListed } of owners) {
      if (isListed && this.#isListFull) {
        this.#forget(kind, id);
        continue;
      }
      const name = await this.#nameOf(kind, id);
      if (name === undefined) continue;
      if (this.#sent === MAX_OWNERS) {
        this.#isFull = true;
        this.#noteLimit("The sources and their access control lists have", MAX_OWNERS);
        break;
      }
      if (isListed && this.#sentListed === MAX_LISTED) {
        this.#isListFull = true;
        this.#noteLimit("The access control lists of the sources name", MAX_LISTED);
        this.#forget(kind, id);
        continue;
      }
      this.#sent++;
      if (isListed) this.#sentListed++;
      found.push({ kind, id, name });
    }
    return found;
  }

  /** Returns the name to send; undefined if the owner has none, or if it was sent without one. */
  async #nameOf(kind: OwnerName["kind"], id: number): Promise<string | undefined> {
    try {
      if (!this.#failures.isPausing) {
        const name = await this.#accounts.nameOf(kind, id);
        return name === undefined || problemOfOwner(name) !== undefined ? undefined : name;
      }
    } catch (error) {
      this.#failures.add(error);
    }
    this.#forget(kind, id);
    const owner = `${kind} ${id}`;
    if (this.#nameless.has(owner)) return undefined;
    this.#nameless.add(owner);
    return NO_ACCOUNT;
  }

  /** Lets a later file look up an owner. */
  #forget(kind: OwnerName["kind"], id: number): void {
    this.#known[kind].delete(id);
    this.#user = this.#group = 0;
  }

  #noteLimit(subject: string, limit: number): void {
    this.#note(`${subject} more than ${grouped(limit)} users and groups: the others keep their numbers on the target`);
  }
}
