import type { TargetPlace } from "../../files/engine/target_place.ts";

/** Receives the names and digests of copied files, for a manifest. Paths are relative to their roots. */
export interface CopyListing {
  /** Called with the SHA-256 of the bytes that were sent or received for a file. The last call counts. */
  digested(root: number, path: string, digest: Uint8Array): void;
  /** Called with an additional name of a file, and its first name. */
  linked(root: number, path: string, first: TargetPlace): void;
  /** Called when a file, or an additional name of one, is in place. */
  copied(root: number, path: string): void;
  /** Called when a file that was in place has been removed. */
  lost(root: number, path: string): void;
  /** Called for a file without a digest, after the failure was reported. */
  unlisted(root: number, path: string): void;
}
