import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { LineDecoder } from "../../../src/protocol/control/line_decoder.ts";
import { assertProtocolError } from "../protocol_error.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

describe("LineDecoder", () => {
  it("gives the same lines at every cut, also inside a letter", () => {
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

  it("does not hold on to the bytes that it was given", () => {
    const decoder = new LineDecoder(10);
    const bytes = bytesOf("abc");
    assertEquals([...decoder.push(bytes)], []);
    bytes.fill(0x78);
    assertEquals([...decoder.push(bytesOf("\n"))], ["abc"]);
  });

  it("takes no more memory for a line that comes byte by byte", () => {
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

  it("takes a line of exactly the limit and rejects one byte more", () => {
    assertEquals([...new LineDecoder(5).push(bytesOf("12345\n"))], ["12345"]);
    assertProtocolError("long-line", () => [...new LineDecoder(5).push(bytesOf("123456\n"))]);
    const decoder = new LineDecoder(5);
    assertEquals([...decoder.push(bytesOf("12345"))], []);
    assertEquals([...decoder.push(bytesOf("\n12345\n"))], ["12345", "12345"]);
  });

  it("rejects a long line before it is complete, and counts bytes, not letters", () => {
    const decoder = new LineDecoder(5);
    assertEquals([...decoder.push(bytesOf("€"))], []);
    assertProtocolError("long-line", () => [...decoder.push(bytesOf("€"))]);
  });
});
