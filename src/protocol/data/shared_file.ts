/**
 * A reference to an open file, which replaces the contents of a block if both ends run on one machine. Layout:
 * WIRE_FORMAT.md, "Reference blocks".
 */

import { ProtocolError } from "../../errors.ts";
import { getUint53, putUint53 } from "./records.ts";

/** Length of a reference, in bytes. */
export const SHARED_FILE_BYTES = 20;
/** Maximum `length` of a reference block. The receiver does other work between two blocks. */
export const MAX_SHARED_BYTES = 16 << 20;

/** A file that the sender keeps open until all its blocks have results. */
export interface SharedFile {
  /** Descriptor in the client's process. */
  descriptor: number;
  /** Device of the file. Device and inode prevent the receiver from copying another file. */
  dev: number;
  inode: number;
}

/** Writes a reference to bytes[at, at + 20). */
export function writeSharedFile(view: DataView, at: number, { descriptor, dev, inode }: SharedFile): void {
  view.setUint32(at, descriptor, true);
  putUint53(view, at + 4, dev);
  putUint53(view, at + 12, inode);
}

/** Reads the reference in bytes[at, end). @throws {ProtocolError} code "bad-block". */
export function readSharedFile(view: DataView, at: number, end: number): SharedFile {
  const file = { descriptor: view.getUint32(at, true), dev: getUint53(view, at + 4), inode: getUint53(view, at + 12) };
  if (end - at === SHARED_FILE_BYTES && Number.isSafeInteger(file.dev) && Number.isSafeInteger(file.inode)) return file;
  throw new ProtocolError("bad-block", "Cannot read a block from the peer: its reference is wrong");
}
