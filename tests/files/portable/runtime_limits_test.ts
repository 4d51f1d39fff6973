/** Limits of the runtime, and hence of the portable engine. A failing test means that a newer runtime lacks the limit. */

import { Buffer } from "node:buffer";
import fs from "node:fs";
import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { isNativeHere, rawShell, TempDirectory } from "../file_engines.ts";

/** A time with nanoseconds, and its whole milliseconds. */
const [TIME, KEPT] = ["1700000000.123456789", "1700000000.123000000"];

function timeOf(path: string): string {
  const { stdout } = new Deno.Command("stat", { args: ["-c", "%.9Y", path] }).outputSync();
  return new TextDecoder().decode(stdout).trim();
}

describe("the runtime", { ignore: !isNativeHere }, () => {
  it("reads whole milliseconds, also as BigInt", () => {
    using temp = new TempDirectory();
    const path = temp.write("file");
    rawShell(`touch -d @${TIME} '${path}'`, "/");
    assertEquals(Deno.statSync(path).mtime?.getTime(), 1_700_000_000_123);
    assertEquals(fs.statSync(path, { bigint: true }).mtimeNs, 1_700_000_000_123_000_000n);
    const descriptor = fs.openSync(path, "r");
    assertEquals(fs.fstatSync(descriptor, { bigint: true }).mtimeNs, 1_700_000_000_123_000_000n);
    fs.closeSync(descriptor);
  });

  it("sets whole milliseconds by path", () => {
    using temp = new TempDirectory();
    const path = temp.write("file");
    const seconds = Number(TIME);
    for (const set of [Deno.utimeSync, fs.utimesSync, fs.lutimesSync]) {
      set(path, seconds, seconds);
      assertEquals(timeOf(path), KEPT, set.name);
    }
  });

  it("replaces bytes that are not UTF-8 in paths and in listings", () => {
    using temp = new TempDirectory();
    rawShell("printf 1 >a$(printf '\\377')", temp.path);
    const path = Buffer.concat([Buffer.from(`${temp.path}/a`), Buffer.of(0xff)]);
    for (const call of [fs.lstatSync, fs.readFileSync, fs.unlinkSync]) {
      let code = "";
      try {
        call(path);
      } catch (error) {
        code = (error as { code: string }).code;
      }
      assertEquals(code, "ENOENT", call.name);
    }
    const listed = Array.from(Deno.readDirSync(temp.path), ({ name }) => name);
    // Deno before 2.9 omits the name.
    assertEquals(listed.every((name) => name === "a\ufffd"), true);
    rawShell("rm a*", temp.path);
  });
});
