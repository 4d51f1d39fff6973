import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";

const SOURCES = new URL("../../../src/", import.meta.url).href;
const BYTES = 8 << 20;

/** Sets non-blocking mode first, as ssh does for a pipe that it shares with escp. */
const PROGRAM = `
import { writeStandardOutput } from "${SOURCES}files/output/standard_output.ts";
import { disableBlocking } from "${SOURCES}native/net/pipe_calls.ts";
disableBlocking(1);
const bytes = new Uint8Array(${BYTES}).fill(120);
for (let at = 79; at < bytes.length; at += 80) bytes[at] = 10;
for (let at = 0; at < bytes.length; at += 100_000) writeStandardOutput(bytes.subarray(at, at + 100_000));
`;

describe("standard output in non-blocking mode", { ignore: Deno.build.os !== "linux" }, () => {
  it("that shares a pipe with standard error gets every byte once", async () => {
    const config = new URL("../../../deno.json", import.meta.url).pathname;
    const { code, stdout } = await new Deno.Command("bash", {
      args: [
        ...["-c", 'set -o pipefail; "$@" 2>&1 | cat', "bash"],
        ...[Deno.execPath(), "eval", "--quiet", "--no-check", "--config", config, PROGRAM],
      ],
      stdin: "null",
    }).output();
    const text = new TextDecoder().decode(stdout);
    assertEquals({ code, bytes: stdout.length }, { code: 0, bytes: BYTES }, text.slice(-500));
    assertEquals(text.replaceAll(`${"x".repeat(79)}\n`, ""), "x".repeat(BYTES % 80));
  });
});
