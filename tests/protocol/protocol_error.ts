/** What the tests of decoders have in common. */

import { assertEquals, AssertionError } from "@std/assert";
import { ProtocolError } from "../../src/errors.ts";

/** Checks that it throws a ProtocolError with this code, and returns it. */
export function assertProtocolError(code: string, body: () => unknown): ProtocolError {
  try {
    body();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    assertEquals(error.code, code, error.message);
    return error;
  }
  throw new AssertionError(`Expected a ProtocolError "${code}", but nothing was thrown`);
}
