/** A lent file: what a block says instead of its contents when both ends are on one machine. See PROTOCOL.md, "Lent files". */

import { ProtocolError } from "../../errors.ts";
import { getUint53, putUint53 } from "./records.ts";

/** Bytes of a lent file on the wire. */
export const SHARED_FILE_BYTES = 20;
/** Most bytes of a file that one block may stand for: in between the receiver does other things. */
export const MAX_SHARED_BYTES = 16 << 20;

/** A file that the sender has open. It stays so until all blocks of it have their results. */
export interface SharedFile {
  /** Its number in the sender's process. */
  descriptor: number;
  /** What is open there, so that no other file is taken for it. */
  dev: number;
  inode: number;
}

/** Writes it to bytes[at, at + 20). */
export function writeSharedFile(view: DataView, at: number, { descriptor, dev, inode }: SharedFile): void {
  view.setUint32(at, descriptor, true);
  putUint53(view, at + 4, dev);
  putUint53(view, at + 12, inode);
}

/** Reads it from bytes[at, end). @throws {ProtocolError} code "bad-block". */
export function readSharedFile(view: DataView, at: number, end: number): SharedFile {
  const lent = { descriptor: view.getUint32(at, true), dev: getUint53(view, at + 4), inode: getUint53(view, at + 12) };
  if (end - at === SHARED_FILE_BYTES && Number.isSafeInteger(lent.dev) && Number.isSafeInteger(lent.inode)) return lent;
  throw new ProtocolError("bad-block", "Cannot read a block from the other side: its file is none");
}
