import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FileError } from "../../../src/errors.ts";
import { loadFileEngine } from "../../../src/files/load_engine.ts";
import { failedDeno } from "../../../src/files/stat/file_failure.ts";
import { plainDirectoryMode, plainMode, preservedMode } from "../../../src/files/stat/target_mode.ts";
import { isTemporaryName } from "../../../src/files/path/private_names.ts";
import { TemporaryNames } from "../../../src/files/path/temporary_names.ts";

// Opened before the tests, so that no test leaks the library.
await loadFileEngine("auto");

describe("choice of the file engine", () => {
  it("selects the native engine on Linux, and the portable engine if requested", async () => {
    assertEquals((await loadFileEngine("portable")).engine.name, "portable");
    const { engine, note } = await loadFileEngine("auto");
    assertEquals(engine.name, Deno.build.os === "linux" ? "native" : "portable");
    if (engine.name === "portable") assertEquals(typeof note, "string");
  });
});

describe("permissions of a copy", () => {
  it("include setuid only with preserve and the owner of the source", () => {
    assertEquals(plainMode(0o7777, 0o022), 0o755);
    assertEquals(plainDirectoryMode(0o4777, 0o027, 0o2700), 0o2750);
    assertEquals(preservedMode(0o6755, true), 0o6755);
    assertEquals(preservedMode(0o7755, false), 0o1755);
  });
});

describe("temporary names", () => {
  it("are hidden, unique and recognized", () => {
    const [one, other] = [new TemporaryNames("t0k"), new TemporaryNames("t0k")];
    const names = [one.next(), one.next(), other.next()];
    assertEquals(new Set(names).size, 3);
    for (const name of names) assertEquals(isTemporaryName(name) && name.startsWith(".escp-t0k-"), true);
    assertEquals(isTemporaryName("escp.part"), false);
    for (const token of ["", "a/b", "..", "x".repeat(65)]) assertThrows(() => new TemporaryNames(token), RangeError);
  });
});

describe("failures of both engines", () => {
  it("have the same messages", () => {
    const cases: [() => unknown, string, string][] = [
      [() => Deno.readFileSync("/no/such"), "ENOENT", "No such file or directory"],
      [() => Deno.mkdirSync("/"), "EEXIST", "File exists"],
      [() => Deno.readFileSync("/"), "EISDIR", "Is a directory"],
    ];
    for (const [act, code, words] of cases) {
      try {
        act();
      } catch (error) {
        const failure = failedDeno("read", "p", error);
        assertEquals([failure.code, failure.message], [code, `Cannot read "p": ${words}`]);
        assertEquals(failedDeno("write", "q", failure), failure);
      }
    }
  });

  it("contain hints", () => {
    const full = Object.assign(new Error("full"), { code: "ENOSPC" });
    const failure = failedDeno("write", "p", full);
    assertEquals(failure instanceof FileError && failure.hint, "Free some space, then run the same command again");
  });
});
