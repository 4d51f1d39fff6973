/**
 * The frame: what is sealed as one piece. Layout in PROTOCOL.md, "Frames".
 *
 *     IV (8 bytes)   kind (1), counter (7, big-endian)       in the clear, part of the nonce
 *     length (4)     bytes of payload, big-endian            in the clear, authenticated
 *     payload        sealed in place, and with it zeros up to where the frame is a multiple of 64 bytes long
 *     tag (16)
 */

import { CorruptionError } from "../../errors.ts";
import { alignUp } from "./alignment.ts";

/** What a frame's payload is. Told by the IV, so it is authenticated with it. */
export const FrameKind = {
  /** First frame of each direction: the stream belongs to this session. */
  proof: 1,
  /** A pack unit, or a part of one: records with their contents. */
  pack: 2,
  /** One block of a ranged file. */
  block: 3,
  /** What the receiver did with a unit, or how far it is. */
  result: 4,
  /** Nothing to say, still there. */
  keepAlive: 5,
  /** Last frame of a direction. Without it the end of a connection is an error. */
  end: 6,
  /** Records without contents: which of them are at the target already? */
  ask: 7,
} as const;

const LAST_KIND = FrameKind.ask;

/** Bytes of IV and length. */
export const FRAME_HEADER_BYTES = 12;
/** Bytes of the tag behind the payload. */
export const FRAME_TAG_BYTES = 16;
/** Most bytes of the first frame's payload: nothing larger is read from a stranger. */
export const PROOF_PAYLOAD_LIMIT = 256;

const IV_BYTES = 8;

/** Bytes of a whole frame with such a payload: header, payload, padding, tag. */
export function frameBytes(payloadBytes: number): number {
  return alignUp(FRAME_HEADER_BYTES + payloadBytes + FRAME_TAG_BYTES);
}

/**
 * Writes the header before a payload: the IV out of the nonce (its last 8 bytes), and the length.
 *
 * @param nonce 12 bytes: salt (4), kind (1), counter (7).
 */
export function writeFrameHeader(bytes: Uint8Array, at: number, nonce: Uint8Array, payloadBytes: number): void {
  for (let i = 0; i < IV_BYTES; i++) bytes[at + i] = nonce[4 + i];
  bytes[at + 8] = payloadBytes >>> 24;
  bytes[at + 9] = payloadBytes >>> 16;
  bytes[at + 10] = payloadBytes >>> 8;
  bytes[at + 11] = payloadBytes;
}

/**
 * The kind that a header claims. It is proven only when the tag has been checked.
 *
 * @throws {CorruptionError} code "bad-frame" for a kind that is not known.
 */
export function frameKind(bytes: Uint8Array, at: number): number {
  const kind = bytes[at];
  if (kind < 1 || kind > LAST_KIND) {
    throw new CorruptionError("bad-frame", `Cannot read a frame: kind ${kind} is not known`);
  }
  return kind;
}

/**
 * The length that a header claims.
 *
 * @throws {CorruptionError} code "bad-frame" when it is above `limit`, before any memory is taken for it.
 */
export function framePayloadBytes(bytes: Uint8Array, at: number, limit: number): number {
  const length = ((bytes[at + 8] << 24) | (bytes[at + 9] << 16) | (bytes[at + 10] << 8) | bytes[at + 11]) >>> 0;
  if (length > limit) {
    throw new CorruptionError("bad-frame", `Cannot read a frame: it claims ${length} bytes, the limit is ${limit}`);
  }
  return length;
}

/**
 * Checks that a header has the IV that must come next, so that nothing is replayed, reordered or left out.
 *
 * @param nonce the expected nonce, 12 bytes.
 * @throws {CorruptionError} code "bad-counter".
 */
export function checkFrameIv(bytes: Uint8Array, at: number, nonce: Uint8Array): void {
  for (let i = 0; i < IV_BYTES; i++) {
    if (bytes[at + i] !== nonce[4 + i]) {
      throw new CorruptionError(
        "bad-counter",
        "Cannot accept a frame: it is not the next one (replayed, reordered or lost)",
      );
    }
  }
}
