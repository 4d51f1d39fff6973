import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { concat } from "../../../src/bytes.ts";
import { FormatError, SshReader, sshString, uint32 } from "../../../src/protocol/serve/ssh_strings.ts";

describe("SshReader", () => {
  it("reads strings and numbers in order", () => {
    const reader = new SshReader(concat([sshString("name"), uint32(0xfffffffe), Uint8Array.of(5), sshString("")]), "x");
    assertEquals([reader.ascii(), reader.uint32(), reader.byte(), reader.string().length], ["name", 0xfffffffe, 5, 0]);
    reader.end();
    assertEquals(reader.left, 0);
  });

  it("refuses fields that exceed the remaining bytes", () => {
    const bytes = sshString("name");
    for (let length = 0; length < bytes.length; length++) {
      const read = () => new SshReader(bytes.subarray(0, length), "the thing").string();
      assertThrows(read, FormatError, "Cannot read the thing: it is too short");
    }
    assertThrows(() => new SshReader(uint32(0xffffffff), "x").string(), FormatError);
    assertThrows(() => new SshReader(new Uint8Array(), "x").byte(), FormatError);
  });

  it("refuses extra bytes at the end, and names beyond ASCII", () => {
    assertThrows(() => new SshReader(Uint8Array.of(1), "x").end(), FormatError, "extra bytes");
    for (const name of ["\0", "\x1b", "\x7f", "é"]) {
      assertThrows(() => new SshReader(sshString(name), "x").ascii(), FormatError, "beyond ASCII");
    }
  });
});
