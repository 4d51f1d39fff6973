import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ErrorOutput, type ErrorOutputOptions } from "../../../src/native/process/error_output.ts";

/** Reads these chunks. */
function read(chunks: (string | Uint8Array)[], options?: ErrorOutputOptions): ErrorOutput {
  const bytes = chunks.map((chunk) => typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk);
  return new ErrorOutput(ReadableStream.from(bytes), options);
}

describe("ErrorOutput", () => {
  it("keeps the last lines that are not empty, wherever the output is cut", async () => {
    const text = "one\r\ntwo \n\nthree é\n \n";
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at <= bytes.length; at++) {
      const output = read([bytes.slice(0, at), bytes.slice(at)]);
      assertEquals(await output.lastLines(2), ["two", "three é"]);
      assertEquals(await output.lastLines(1), ["three é"]);
      assertEquals(await output.lastLines(9), ["one", "two", "three é"]);
    }
    assertEquals(await read(["no newline"]).lastLines(1), ["no newline"]);
    assertEquals(await read(["\n\n"]).lastLines(1), []);
    assertEquals(await read([]).lastLines(1), []);
  });

  it("keeps a limited part of a long output", async () => {
    const [line] = await read(Array(100).fill("x".repeat(1_000))).lastLines(1);
    assertEquals(line, "x".repeat(4_096));
  });

  it("finds a pattern across chunks, and after much output", async () => {
    const pattern = /^# Fatal .*out of memory/m;
    const long = "x".repeat(10_000);
    const found = read(["first\n# Fatal process", " out of memory: a\n", long], { pattern });
    await found.lastLines(1);
    assertEquals(found.matches, true);
    const other = read([`first # Fatal process out of memory\n${long}`], { pattern });
    await other.lastLines(1);
    assertEquals(other.matches, false);
  });

  it("passes all bytes on", async () => {
    const passed: Uint8Array[] = [];
    await read(["a", "b\n"], { echo: (bytes) => passed.push(bytes) }).lastLines(1);
    assertEquals(passed.map((bytes) => new TextDecoder().decode(bytes)), ["a", "b\n"]);
  });

  it("does not wait for an end that does not come", async () => {
    const endless = new ReadableStream<Uint8Array>({ start: (end) => end.enqueue(new TextEncoder().encode("text")) });
    assertEquals(await new ErrorOutput(endless).lastLines(1), ["text"]);
  });
});
