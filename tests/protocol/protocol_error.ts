/** Assertion for tests of decoders. */

import { assertEquals, AssertionError } from "@std/assert";
import { ProtocolError } from "../../src/errors.ts";

/** Asserts that `body` throws a ProtocolError with this code. @returns the error. */
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
