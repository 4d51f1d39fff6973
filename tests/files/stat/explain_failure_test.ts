import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { explainFailure } from "../../../src/files/stat/explain_failure.ts";
import { failedWith } from "../../../src/files/stat/file_failure.ts";
import { unsetTimeCall } from "../../../src/files/stat/time_failure.ts";
import { Errno } from "../../../src/native/libc/errno.ts";
import { isNativeHere, TempDirectory } from "../file_engines.ts";

function chattr(change: string, path: string): boolean {
  try {
    return new Deno.Command("chattr", { args: [change, path], stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

function mayProtect(): boolean {
  using directory = new TempDirectory();
  const path = directory.write("f");
  return chattr("+i", path) && chattr("-i", path);
}

const ignore = !isNativeHere || !mayProtect();

describe(`a failure that is not permitted${ignore ? " (skipped: chattr fails here)" : ""}`, { ignore }, () => {
  it("names the attribute of the file or its directory, and the command that removes it", () => {
    for (const [flag, state] of [["i", "immutable"], ["a", "append-only"]]) {
      for (const [what, place] of [["the file", "d/f"], ["its directory", "d"]]) {
        using temp = new TempDirectory();
        temp.directory("d");
        const path = temp.write("d/f");
        chattr(`+${flag}`, temp.at(place));
        const { message, hint, code } = explainFailure(failedWith("write", path, "EPERM"));
        chattr(`-${flag}`, temp.at(place));
        const reason = `Operation not permitted: ${what} is ${state} (chattr +${flag})`;
        assertEquals([message, code], [`Cannot write "${path}": ${reason}`, "EPERM"]);
        assertEquals(hint, `As root, run: chattr -${flag} "${temp.at(place)}"`);
      }
    }
  });

  it("stays without an attribute, and other failures stay", () => {
    using temp = new TempDirectory();
    const path = temp.write("f");
    const unset = unsetTimeCall(path, Errno.EPERM);
    for (const failure of [failedWith("write", path, "EPERM"), unset]) {
      assertEquals(explainFailure(failure), failure);
    }
    chattr("+i", path);
    const denied = failedWith("write", path, "EACCES");
    assertEquals(explainFailure(denied), denied);
    chattr("-i", path);
  });
});
