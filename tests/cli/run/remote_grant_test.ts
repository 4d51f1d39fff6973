import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { formatGrant, readGrant } from "../../../src/cli/run/remote_grant.ts";

/** Returns an input that returns at most `most` bytes per read, and the bytes that nobody has read. */
function inputOf(bytes: Uint8Array, most: number) {
  let at = 0;
  const read = (into: Uint8Array): Promise<number | null> => {
    const part = bytes.subarray(at, at + Math.min(most, into.length));
    into.set(part);
    at += part.length;
    return Promise.resolve(part.length === 0 ? null : part.length);
  };
  return { read, rest: () => bytes.subarray(at) };
}

describe("the grant of a remote end", () => {
  // A path may have bytes that are not UTF-8.
  const grant = { args: ["--receiver", "--root=/a b\n\u00e4\udcff"], connection: "::1 1 ::1 2" };

  it("round-trips in pieces of any size, and leaves the bytes of the client", async () => {
    const bytes = Uint8Array.of(...formatGrant(grant), 7, 8);
    for (let most = 1; most <= bytes.length; most++) {
      const input = inputOf(bytes, most);
      assertEquals(await readGrant(input), grant);
      assertEquals([...input.rest()], [7, 8], `${most}`);
    }
  });

  it("is undefined if the input ends before its last byte", async () => {
    const bytes = formatGrant(grant);
    for (let length = 0; length < bytes.length; length++) {
      assertEquals(await readGrant(inputOf(bytes.subarray(0, length), 1000)), undefined);
    }
  });
});
