import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { LineDecoder } from "../../../src/protocol/control/line_decoder.ts";
import { assertProtocolError } from "../protocol_error.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

describe("LineDecoder", () => {
  it("yields the same lines for every cut, also inside a letter", () => {
    const wire = bytesOf('{"a":1}\n\nÜ€🚀\n{"b":2}\nrest');
    for (let first = 0; first <= wire.length; first++) {
      for (let second = first; second <= wire.length; second++) {
        const decoder = new LineDecoder(100);
        const lines = [
          ...decoder.push(wire.subarray(0, first)),
          ...decoder.push(wire.subarray(first, second)),
          ...decoder.push(wire.subarray(second)),
        ];
        assertEquals(lines, ['{"a":1}', "", "Ü€🚀", '{"b":2}'], `cut at ${first} and ${second}`);
        assertEquals(decoder.length, 4);
      }
    }
  });

  it("copies the bytes of an incomplete line", () => {
    const decoder = new LineDecoder(10);
    const bytes = bytesOf("abc");
    assertEquals([...decoder.push(bytes)], []);
    bytes.fill(0x78);
    assertEquals([...decoder.push(bytesOf("\n"))], ["abc"]);
  });

  it("needs no more memory for a line that arrives byte by byte", () => {
    const decoder = new LineDecoder(1 << 20);
    const byte = bytesOf("x");
    const before = Deno.memoryUsage();
    for (let count = 1; count < 1 << 20; count++) for (const line of decoder.push(byte)) throw new Error(line);
    const { heapUsed, external } = Deno.memoryUsage();
    const taken = heapUsed - before.heapUsed + external - before.external;
    assertEquals(decoder.length, (1 << 20) - 1);
    assertEquals(taken < 32 << 20, true, `${taken} bytes`);
    assertEquals([...decoder.push(bytesOf("\n"))].map(({ length }) => length), [(1 << 20) - 1]);
  });

  it("accepts a line of the maximum length, and rejects one more byte", () => {
    assertEquals([...new LineDecoder(5).push(bytesOf("12345\n"))], ["12345"]);
    assertProtocolError("long-line", () => [...new LineDecoder(5).push(bytesOf("123456\n"))]);
    const decoder = new LineDecoder(5);
    assertEquals([...decoder.push(bytesOf("12345"))], []);
    assertEquals([...decoder.push(bytesOf("\n12345\n"))], ["12345", "12345"]);
  });

  it("rejects a long line before its end, and counts bytes instead of letters", () => {
    const decoder = new LineDecoder(5);
    assertEquals([...decoder.push(bytesOf("€"))], []);
    assertProtocolError("long-line", () => [...decoder.push(bytesOf("€"))]);
  });
});
