import { assertEquals, assertNotEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { MAX_XATTR_VALUE_BYTES, MAX_XATTRS_BYTES } from "../../../src/protocol/limits.ts";
import { RecordCursor, RecordType } from "../../../src/protocol/data/records.ts";
import { checkXattrs, decodeXattrs, encodeXattrs } from "../../../src/protocol/data/xattrs.ts";
import { assertProtocolError } from "../protocol_error.ts";
import { record } from "../record.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const block = (...list: [name: string, value: string | Uint8Array][]) =>
  encodeXattrs(list.map(([name, value]) => ({
    name: bytes(name),
    value: typeof value === "string" ? bytes(value) : value,
  })))!;
const read = (block: Uint8Array) => [...decodeXattrs(block)].map(({ name, value }) => [name, [...value]]);

describe("extended attributes", () => {
  it("round-trip with names and values of different lengths", () => {
    for (const nameBytes of [6, 57, 58, 59, 255]) {
      for (const valueBytes of [0, 1, 63, 64, MAX_XATTR_VALUE_BYTES]) {
        const name = "user." + "n".repeat(nameBytes - 5);
        const both = block([name, new Uint8Array(valueBytes).fill(7)], ["trusted.t", "x"]);
        assertEquals(both.length % 64, 0);
        assertEquals(read(both), [[name, Array(valueBytes).fill(7)], ["trusted.t", [120]]]);
      }
    }
    assertEquals(read(block()), []);
  });

  it("have at most 128 KiB together", () => {
    const value = new Uint8Array(MAX_XATTR_VALUE_BYTES);
    const rest = MAX_XATTRS_BYTES - value.length - 2 * (6 + 6);
    const list = (length: number) => [
      { name: bytes("user.a"), value },
      { name: bytes("user.b"), value: new Uint8Array(length) },
    ];
    assertEquals(encodeXattrs(list(rest))?.length, MAX_XATTRS_BYTES);
    assertEquals(encodeXattrs(list(rest + 1)), undefined);
  });

  it("are rejected if truncated, too long, or in an unknown namespace", () => {
    const good = block(["user.a", "value"]);
    for (
      const name of ["user", "system.foo", "system.posix_acl_accessx", "x", "User.a", "user.a\0b", "u".repeat(256)]
    ) {
      assertProtocolError("bad-record", () => checkXattrs(block([name, ""])));
    }
    assertProtocolError("bad-record", () => checkXattrs(block(["user.a", new Uint8Array(MAX_XATTR_VALUE_BYTES + 1)])));
    const longer = good.slice();
    new DataView(longer.buffer).setUint32(2, 53, true);
    assertProtocolError("bad-record", () => checkXattrs(longer));
    for (const name of ["user.a", "trusted.a", "security.a", "system.posix_acl_access", "system.posix_acl_default"]) {
      checkXattrs(block([name, "x"]));
    }
  });
});

describe("records with extended attributes", () => {
  const xattrs = block(["user.a", "value"], ["user.b", "x".repeat(100)]);
  const walk = (bytes: Uint8Array) => {
    const cursor = new RecordCursor(bytes, 0, bytes.length, { plan: false });
    const seen = [];
    while (cursor.next()) {
      const contents = new TextDecoder().decode(bytes.subarray(cursor.contentStart, cursor.contentEnd));
      seen.push([cursor.type, contents, cursor.xattrs() && read(cursor.xattrs()!).length]);
    }
    return seen;
  };

  it("contain the block between name and contents", () => {
    const file = record({ type: RecordType.file, name: "f", contents: "contents", xattrs });
    const link = record({ type: RecordType.symlink, name: "l", contents: "where", xattrs });
    const plain = record({ type: RecordType.file, name: "g", contents: "more" });
    assertEquals(walk(Uint8Array.from([...file, ...link, ...plain])), [[3, "contents", 2], [4, "where", 2], [
      3,
      "more",
      undefined,
    ]]);
  });

  it("are rejected with attributes of an enter or hardlink record, and with more than 128 KiB", () => {
    for (const type of [RecordType.enter, RecordType.hardlink]) {
      assertProtocolError("bad-record", () => walk(record({ type, name: "f", contents: "", xattrs })));
    }
    const most = new Uint8Array(MAX_XATTRS_BYTES);
    assertEquals(walk(record({ type: RecordType.directory, name: "f", xattrs: most })).length, 1);
    const more = new Uint8Array(MAX_XATTRS_BYTES + 64);
    assertProtocolError("bad-record", () => walk(record({ type: RecordType.directory, name: "f", xattrs: more })));
  });

  it("are rejected if truncated at any byte", () => {
    const whole = record({ type: RecordType.file, name: "f", contents: "contents", xattrs });
    for (let cut = 1; cut < whole.length; cut++) {
      assertProtocolError("bad-record", () => walk(whole.slice(0, cut)));
    }
    assertNotEquals(walk(whole), []);
  });
});
