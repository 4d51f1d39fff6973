/** What a decoder may do with bytes that nobody vouches for. */

import { ProtocolError } from "../../src/errors.ts";

/** Runs it; a ProtocolError is a good answer, anything else that is thrown says with which bytes. */
export function onlyProtocolErrors(bytes: Uint8Array, body: () => void): "taken" | "rejected" {
  try {
    body();
    return "taken";
  } catch (error) {
    if (error instanceof ProtocolError) return "rejected";
    const hex = bytes.subarray(0, 500).toHex();
    throw new Error(`Not a ProtocolError for the bytes ${hex}`, { cause: error });
  }
}
