/** Assertion for decoders of untrusted bytes. */

import { ProtocolError } from "../../src/errors.ts";

/** Runs `body`, which may throw a ProtocolError. @throws {Error} with the bytes, for any other error. */
export function onlyProtocolErrors(bytes: Uint8Array, body: () => void): "accepted" | "rejected" {
  try {
    body();
    return "accepted";
  } catch (error) {
    if (error instanceof ProtocolError) return "rejected";
    const hex = bytes.subarray(0, 500).toHex();
    throw new Error(`Not a ProtocolError for the bytes ${hex}`, { cause: error });
  }
}
