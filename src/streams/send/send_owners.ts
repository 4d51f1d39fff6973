/** Sends names of owners in frames. */

import { FRAME_HEADER_BYTES, FrameKind } from "../../protocol/data/frame.ts";
import { ownerBytes, type OwnerName, writeOwner } from "../../protocol/data/owners.ts";
import type { FrameSender } from "../frames/frame_sender.ts";
import { FRAME_START } from "../frames/frames.ts";

const START = FRAME_START + FRAME_HEADER_BYTES;

/** Sends the names, in as few frames as possible. Sends none if there are no names. */
export async function sendOwners(owners: readonly OwnerName[], out: FrameSender): Promise<void> {
  let at = START;
  for (const owner of owners) {
    if (at + ownerBytes(owner) > out.payloadEnd) {
      await out.send(FrameKind.owners, at - START);
      at = START;
    }
    // Each call of `send` replaces `bytes` and `view`.
    at = writeOwner(out.bytes, out.view, at, owner);
  }
  if (at > START) await out.send(FrameKind.owners, at - START);
}
