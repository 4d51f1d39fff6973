import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ProtocolError } from "../../src/errors.ts";
import type { ByteReader } from "../../src/net/pass.ts";
import { LineReader, readLine } from "../../src/serve/read_line.ts";

/** Returns a connection that delivers these pieces, and then ends. */
function connOf(...pieces: string[]): ByteReader {
  return {
    read(buffer) {
      const piece = pieces.shift();
      if (piece === undefined) return Promise.resolve(null);
      const { read, written } = new TextEncoder().encodeInto(piece, buffer);
      if (read < piece.length) pieces.unshift(piece.slice(read));
      return Promise.resolve(written);
    },
  };
}

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe("readLine", () => {
  it("returns the line and the bytes after it, however they are cut", async () => {
    const text = "escps/1 control\nrest";
    for (let cut = 0; cut <= text.length; cut++) {
      const { line, rest } = await readLine(connOf(text.slice(0, cut), text.slice(cut)), 64);
      assertEquals(line, "escps/1 control", `cut at ${cut}`);
      // Bytes of later pieces stay in the connection.
      assertEquals(textOf(rest), cut < 16 ? "rest" : text.slice(16, cut), `cut at ${cut}`);
    }
  });

  it("accepts a line of the maximum length, and refuses a longer one", async () => {
    assertEquals((await readLine(connOf("x".repeat(7) + "\n"), 8)).line, "x".repeat(7));
    await assertRejects(() => readLine(connOf("x".repeat(8) + "\n"), 8), ProtocolError, "longer than 8 bytes");
    await assertRejects(() => readLine(connOf(..."x".repeat(100)), 8), ProtocolError, "longer than 8 bytes");
  });

  it("refuses a connection that ends before the newline", async () => {
    await assertRejects(() => readLine(connOf("half"), 8), Deno.errors.UnexpectedEof);
    await assertRejects(() => readLine(connOf(), 8), Deno.errors.UnexpectedEof);
  });
});

describe("LineReader", () => {
  it("returns lines that arrive together one after the other, and then the rest", async () => {
    const lines = new LineReader(connOf("a\n\nb", "c\nrest"), 8);
    assertEquals([await lines.next(), await lines.next(), await lines.next()], ["a", "", "bc"]);
    assertEquals(textOf(lines.rest), "rest");
  });

  it("refuses a line that is too long, also after others in one piece", async () => {
    const lines = new LineReader(connOf("a\n" + "x".repeat(6), "x".repeat(20) + "\n"), 8);
    assertEquals(await lines.next(), "a");
    await assertRejects(() => lines.next(), ProtocolError);
  });
});
