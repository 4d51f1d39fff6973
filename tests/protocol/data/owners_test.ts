import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ownerBytes, type OwnerName, readOwners, writeOwner } from "../../../src/protocol/data/owners.ts";
import { assertProtocolError } from "../protocol_error.ts";

const OWNERS: OwnerName[] = [
  { kind: "user", id: 1, name: "a" },
  { kind: "group", id: 2 ** 32 - 1, name: "ä\udcff" },
  { kind: "user", id: 1000, name: "n".repeat(255) },
];

function write(owners: readonly OwnerName[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(1000);
  const view = new DataView(bytes.buffer);
  return bytes.slice(0, owners.reduce((at, owner) => writeOwner(bytes, view, at, owner), 0));
}

const read = (bytes: Uint8Array) => readOwners(bytes, new DataView(bytes.buffer), 0, bytes.length);

describe("names of owners", () => {
  it("round-trip", () => {
    assertEquals(read(write(OWNERS)), OWNERS);
    assertEquals(write(OWNERS).length, OWNERS.reduce((sum, owner) => sum + ownerBytes(owner), 0));
  });

  it("are rejected if they are cut", () => {
    const bytes = write(OWNERS.slice(0, 1));
    for (let end = 1; end < bytes.length; end++) assertProtocolError("bad-record", () => read(bytes.slice(0, end)));
  });

  it("are rejected with number 0, an unknown kind, an empty name, and NUL", () => {
    const [owner] = OWNERS;
    assertProtocolError("bad-record", () => read(write([{ ...owner, id: 0 }])));
    assertProtocolError("bad-record", () => read(write([{ ...owner, name: "" }])));
    assertProtocolError("bad-record", () => read(write([{ ...owner, name: "a\0" }])));
    const unknown = write([owner]);
    unknown[0] = 2;
    assertProtocolError("bad-record", () => read(unknown));
  });
});
