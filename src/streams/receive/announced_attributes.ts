/** Modes and owners that the sender announces, before this end uses them. All of them pass through here. */

import { machineAccounts } from "../../files/stat/accounts.ts";
import { enforcedMode, type ModeChange } from "../../protocol/control/mode_changes.ts";
import { type RecordCursor, RecordField, RecordType } from "../../protocol/data/records.ts";
import { type FixedOwner, OwnerMap } from "./owner_map.ts";

/** Bits of the mode field beside the permissions. */
const OTHER_BITS = ~0o7777;

/** Rules by which this end replaces announced attributes. */
export interface AttributeRules {
  /** Changes that the user requested for all modes. Default: modes stay as announced. */
  chmod?: readonly ModeChange[];
  /** Owner of all entries; undefined fields: that of the source. */
  owner?: FixedOwner;
  /** Whether owners are mapped by their names, which the sender sends. Default: false. */
  mapsOwners?: boolean;
  /** Whether users and groups in access control lists are mapped too. Default: false. */
  mapsLists?: boolean;
}

/** Replaces the attributes of one channel. */
export class AnnouncedAttributes {
  /** Maps owners; undefined: they stay as announced. */
  readonly owners?: OwnerMap;
  readonly #chmod: readonly ModeChange[];

  /** @param note called with a note for the user, at most once. */
  constructor({ chmod = [], owner: fixed, mapsOwners, mapsLists }: AttributeRules, note: (text: string) => void) {
    this.#chmod = chmod;
    if (fixed || mapsOwners) this.owners = new OwnerMap(machineAccounts(), { fixed, mapsLists, note });
  }

  /** Replaces the attributes of the current record. */
  apply(cursor: RecordCursor): void {
    const isDirectory = cursor.type === RecordType.directory;
    if (this.#chmod.length > 0 && (isDirectory || cursor.type === RecordType.file)) {
      const field = cursor.uint32(RecordField.mode);
      const mode = enforcedMode(field & ~OTHER_BITS, isDirectory, this.#chmod);
      cursor.setMode((field & OTHER_BITS | mode) >>> 0);
    }
    // Afterwards, because a file of another owner loses setuid and setgid, even if the user requested them.
    this.owners?.apply(cursor);
  }

  /** Returns the attributes of a large file. As `apply`. */
  ofLargeFile<T extends { mode: number; uid: number; gid: number }>(attributes: T, xattrs?: Uint8Array): T {
    const enforced = { ...attributes, mode: enforcedMode(attributes.mode, false, this.#chmod) };
    return this.owners?.mapped(enforced, xattrs) ?? enforced;
  }
}
