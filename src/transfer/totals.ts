/** Results of a transfer, and the comparison of the totals of both ends. */

import { UserError } from "../errors.ts";

/** Result of a transfer. */
export interface Outcome {
  /** Number of files that were copied; in a dry run, that would be copied. */
  files: number;
  /** Bytes of these files. */
  bytes: number;
  /** Number of paths that failed. */
  failed: number;
  /** Number of entries that needed no copy. */
  skipped: number;
  /** With --verify: number of files and links whose contents were verified. */
  verified?: number;
  /** With `deletes`: number of entries that were deleted; in a dry run, that would be deleted. */
  deleted?: number;
  /** With `removesSources`: number of entries of the source that were removed. */
  removedSources?: number;
  /** Whether files were not sent, because the target takes no more. */
  stopped?: boolean;
  dryRun?: boolean;
  /** Number of data connections. */
  streams: number;
  /** With compression or `reused`: bytes of all frames that the data connections carried to the receiver. */
  wireBytes?: number;
  /** Bytes that an earlier copy left on the receiver, included in `bytes`. Default: 0. */
  resumed?: number;
  /** Bytes that the receiver has copied from files that it replaced, included in `bytes`. Default: 0. */
  reused?: number;
}

/** Counts of one end. */
interface Totals {
  files: number;
  bytes: number;
  skipped?: number;
  verified?: number;
}

/** Compares the counts of both ends. @throws {UserError} if they differ: the copy is not confirmed. */
export function checkTotals(own: Totals, peer: Totals): void {
  const { files, bytes, skipped = 0, verified = 0 } = own;
  const isSame = files === peer.files && bytes === peer.bytes && skipped === (peer.skipped ?? 0);
  if (isSame && verified === (peer.verified ?? 0)) return;
  throw new UserError(
    `Cannot confirm the copy: this end counts ${describeTotals(own)}, the peer counts ${describeTotals(peer)}`,
    { hint: "Run it again; completed files are kept" },
  );
}

function describeTotals({ files, bytes, skipped, verified }: Totals): string {
  const more = (verified ? `, ${verified} verified` : "") + (skipped ? `, and ${skipped} unchanged` : "");
  return `${files} files with ${bytes} bytes${more}`;
}
