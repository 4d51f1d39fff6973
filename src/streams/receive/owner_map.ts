/** Maps the owners of the sender to those of this machine, by their names. */

import { ProtocolError } from "../../errors.ts";
import type { Accounts } from "../../native/file/account_calls.ts";
import { mapListed } from "../../protocol/data/access_lists.ts";
import type { OwnerName } from "../../protocol/data/owners.ts";
import { type RecordCursor, RecordField, RecordType } from "../../protocol/data/records.ts";
import { dropXattr } from "../../protocol/data/xattrs.ts";
import { MAX_OWNERS } from "../../protocol/limits.ts";
import { FailedLookUps } from "../failed_look_ups.ts";

/** Setuid and setgid. */
const SET_ID = 0o6000;

/** Owner of all copied entries; undefined: that of the source. */
export interface FixedOwner {
  uid?: number;
  gid?: number;
}

/** Options of an owner map. */
export interface OwnerMapOptions {
  /** Owner of all copied entries. Default: that of the source. */
  fixed?: FixedOwner;
  /** Whether users and groups in access control lists are mapped too. Default: false. */
  mapsLists?: boolean;
  /** Called with a note for the user, at most once. */
  note?: (text: string) => void;
  /** A clock, in milliseconds. */
  now?: () => number;
}

/** The owners of one channel. A name applies to the records and messages after it. */
export class OwnerMap {
  readonly #fixed: FixedOwner;
  readonly #accounts: Accounts;
  readonly #users = new Map<number, number>();
  readonly #groups = new Map<number, number>();
  /** Owners with a name that this machine lacks, or could not look up. Their numbers may be those of others here. */
  readonly #unknownUsers = new Set<number>();
  readonly #unknownGroups = new Set<number>();
  readonly #failures: FailedLookUps;
  /** Owners to look up again. */
  #failed: OwnerName[] = [];
  /** The look-ups of `retry` in progress. */
  #retrying: Promise<void> | undefined;
  #added = 0;
  /** Owners that the sender has named, or cannot name. */
  readonly #named = { user: new Set<number>([0]), group: new Set<number>([0]) };
  /** Whether an owner may change. */
  #isActive: boolean;
  /** Whether the sender sends the names of those in access control lists. */
  readonly #mapsLists: boolean;
  /** The look-ups so far: one after the other, because each slow one occupies a thread of the runtime. */
  #adding: Promise<void> = Promise.resolve();
  /** Rejects after `close`. */
  readonly #closed = Promise.withResolvers<never>();

  constructor(accounts: Accounts, { fixed = {}, mapsLists = false, note = () => {}, now }: OwnerMapOptions = {}) {
    this.#accounts = accounts;
    this.#fixed = fixed;
    this.#mapsLists = mapsLists;
    this.#failures = new FailedLookUps((reason) => {
      const what = "Cannot look up some users and groups on the host of the target";
      note(`${what}: ${reason}. Their files get the numbers of the source`);
    }, now);
    this.#isActive = fixed.uid !== undefined || fixed.gid !== undefined;
    this.#closed.promise.catch(() => {});
  }

  /**
   * Adds names of the sender, after those of earlier calls. A name that this machine lacks, or cannot look up, leaves its
   * number as it is.
   *
   * @throws {ProtocolError} for too many.
   * @throws {Deno.errors.Interrupted} after `close`.
   */
  async add(owners: readonly OwnerName[]): Promise<void> {
    if (owners.length === 0) return;
    this.#added += owners.length;
    if (this.#added > MAX_OWNERS) throw new ProtocolError("bad-record", "Cannot accept an owner: there are too many");
    for (const { kind, id } of owners) this.#named[kind].add(id);
    this.#adding = this.#adding.then(() => this.#lookUp(owners));
    await this.#adding;
  }

  /**
   * Looks up names again whose look-up failed a while ago. Call it before each use of the map.
   *
   * @returns undefined if there are none.
   */
  retry(): Promise<void> | undefined {
    if (this.#failed.length === 0 || this.#failures.isPausing) return this.#retrying;
    const failed = this.#failed;
    this.#failed = [];
    const retrying = this.#adding = this.#adding.then(() => this.#lookUp(failed)).finally(() => {
      if (this.#retrying === retrying) this.#retrying = undefined;
    });
    return this.#retrying = retrying;
  }

  /** Ends all calls of `add` and `retry`, also if a look-up takes long. */
  close(): void {
    this.#closed.reject(new Deno.errors.Interrupted("Owners are no longer needed"));
  }

  async #lookUp(owners: readonly OwnerName[]): Promise<void> {
    for (const { kind, id, name } of owners) {
      const unknown = kind === "user" ? this.#unknownUsers : this.#unknownGroups;
      const own = await Promise.race([this.#idOf({ kind, id, name }), this.#closed.promise]);
      if (own === undefined) unknown.add(id);
      else unknown.delete(id);
      if (own === id) continue;
      if (own !== undefined) (kind === "user" ? this.#users : this.#groups).set(id, own);
      this.#isActive = true;
    }
  }

  /** Returns the number of a name; undefined if this machine lacks it, or cannot look it up. */
  async #idOf(owner: OwnerName): Promise<number | undefined> {
    const { kind, name } = owner;
    try {
      if (!this.#failures.isPausing) return await this.#accounts.idOf(kind, name);
    } catch (error) {
      this.#failures.add(error);
    }
    this.#failed.push(owner);
    return undefined;
  }

  /**
   * Replaces owner and group of the current record, and those in its access control lists. A file of another owner loses
   * setuid, setgid and capabilities.
   */
  apply(cursor: RecordCursor): void {
    if (!this.#isActive) return;
    const uid = cursor.uint32(RecordField.uid);
    const gid = cursor.uint32(RecordField.gid);
    if (cursor.type === RecordType.file && this.#isForeign(uid, gid)) {
      cursor.setMode((cursor.uint32(RecordField.mode) & ~SET_ID) >>> 0);
      dropCapability(cursor.xattrs());
    }
    cursor.setOwner(this.#userOf(uid), this.#groupOf(gid));
    this.#mapLists(cursor.xattrs());
  }

  /** Returns the attributes of a large file with owner and group of this machine. Replaces those in its lists. As `apply`. */
  mapped<T extends { mode: number; uid: number; gid: number }>(attributes: T, xattrs?: Uint8Array): T {
    const { uid, gid } = attributes;
    const isForeign = this.#isForeign(uid, gid);
    if (isForeign) dropCapability(xattrs);
    this.#mapLists(xattrs);
    const mode = isForeign ? attributes.mode & ~SET_ID : attributes.mode;
    return { ...attributes, mode, uid: this.#userOf(uid), gid: this.#groupOf(gid) };
  }

  /** Returns whether a file gets an owner or group that is not known to be that of the source. */
  #isForeign(uid: number, gid: number): boolean {
    const { uid: user, gid: group } = this.#fixed;
    if (user === undefined ? this.#isUnknown("user", uid) : user !== (this.#users.get(uid) ?? uid)) return true;
    return group === undefined ? this.#isUnknown("group", gid) : group !== (this.#groups.get(gid) ?? gid);
  }

  /** Returns whether a number may be that of another user or group on this machine. Beyond the limit, the sender names no more owners. */
  #isUnknown(kind: OwnerName["kind"], id: number): boolean {
    if ((kind === "user" ? this.#unknownUsers : this.#unknownGroups).has(id)) return true;
    return this.#added >= MAX_OWNERS && !this.#named[kind].has(id);
  }

  /** Replaces users and groups in access control lists by those of the same names. A fixed owner does not apply to them. */
  #mapLists(xattrs: Uint8Array | undefined): void {
    if (!xattrs || !this.#mapsLists || this.#users.size + this.#groups.size === 0) return;
    mapListed(xattrs, (kind, id) => (kind === "user" ? this.#users : this.#groups).get(id) ?? id);
  }

  #userOf(id: number): number {
    return this.#fixed.uid ?? this.#users.get(id) ?? id;
  }

  #groupOf(id: number): number {
    return this.#fixed.gid ?? this.#groups.get(id) ?? id;
  }
}

function dropCapability(xattrs: Uint8Array | undefined): void {
  if (xattrs) dropXattr(xattrs, "security.capability");
}
