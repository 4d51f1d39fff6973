/**
 * The frame: the unit of encryption on a stream. Layout: WIRE_FORMAT.md, "Frames".
 *
 *     IV (8 bytes)   kind (1), counter (7, big-endian)       in the clear, part of the nonce
 *     length (4)     bytes of payload, big-endian            in the clear, authenticated
 *     payload        sealed in place, together with zeros that make the frame a multiple of 64 bytes long
 *     tag (16)
 */

import { CorruptionError } from "../../errors.ts";
import { alignUp } from "./alignment.ts";

/** Kind of a frame's payload. It is part of the IV, and so authenticated. */
export const FrameKind = {
  /** First frame of each direction: proves that the stream belongs to this session. */
  proof: 1,
  /** A pack unit or a part of one: records with their contents. */
  pack: 2,
  /** One block of a large file. */
  block: 3,
  /** The receiver's result of a unit, or its progress. */
  result: 4,
  /** Keep-alive, without payload. */
  keepAlive: 5,
  /** Last frame of a direction. A connection that ends without it is broken. */
  end: 6,
  /** Compare request: records without contents. */
  compare: 7,
  /** Signature request: digests of the file that a large file replaces. */
  signature: 8,
  /** Names of users and groups in later records of the stream. */
  owners: 9,
} as const;

const LAST_KIND = FrameKind.owners;

/** Length of the header: IV and payload length. */
export const FRAME_HEADER_BYTES = 12;
/** Length of the tag. */
export const FRAME_TAG_BYTES = 16;
/** Maximum payload of the first frame, because the peer is not authenticated yet. */
export const PROOF_PAYLOAD_LIMIT = 256;

const IV_BYTES = 8;

/** Returns the length of a frame: header, payload, padding, tag. */
export function frameBytes(payloadBytes: number): number {
  return alignUp(FRAME_HEADER_BYTES + payloadBytes + FRAME_TAG_BYTES);
}

/**
 * Writes the header of a frame: the IV (the last 8 bytes of the nonce) and the payload length.
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
 * Returns the kind in a header. It is authenticated only after the tag was checked.
 *
 * @throws {CorruptionError} code "bad-frame" if the kind is unknown.
 */
export function frameKind(bytes: Uint8Array, at: number): number {
  const kind = bytes[at];
  if (kind < 1 || kind > LAST_KIND) {
    throw new CorruptionError("bad-frame", `Cannot read a frame: kind ${kind} is unknown`);
  }
  return kind;
}

/**
 * Returns the payload length in a header.
 *
 * @throws {CorruptionError} code "bad-frame" if it exceeds `limit`, before memory is allocated for it.
 */
export function framePayloadBytes(bytes: Uint8Array, at: number, limit: number): number {
  const length = ((bytes[at + 8] << 24) | (bytes[at + 9] << 16) | (bytes[at + 10] << 8) | bytes[at + 11]) >>> 0;
  if (length > limit) {
    throw new CorruptionError(
      "bad-frame",
      `Cannot read a frame: its payload has ${length} bytes, the limit is ${limit}`,
    );
  }
  return length;
}

/**
 * Checks that a header has the next IV. This rejects frames that were replayed, reordered or dropped.
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
