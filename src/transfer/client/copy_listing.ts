/** Receives the names and digests of copied files, for a manifest. Paths are relative to their roots. */
export interface CopyListing {
  /** SHA-256 of the bytes that were sent or received for a file; the last call counts. */
  digested(root: number, path: string, digest: Uint8Array): void;
  /** A further name of a file. */
  linked(root: number, path: string, first: string): void;
  /** A file, or a further name of one, is in place. */
  copied(root: number, path: string): void;
  /** A file that was in place is not any more. */
  lost(root: number, path: string): void;
  /** A file has no digest, and the user knows why. */
  unlisted(root: number, path: string): void;
}
