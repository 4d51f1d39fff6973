import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { explainFailure } from "../../../src/files/stat/explain_failure.ts";
import { failedWith } from "../../../src/files/stat/file_failure.ts";
import { unsetTimeCall } from "../../../src/files/stat/time_failure.ts";
import { Errno } from "../../../src/native/libc/errno.ts";
import { chattrProblem, protect } from "../../support/files/chattr.ts";
import { TempDirectory } from "../file_engines.ts";

const why = chattrProblem === undefined ? "" : ` (skipped: ${chattrProblem})`;

describe(`a failure that is not permitted${why}`, { ignore: chattrProblem !== undefined }, () => {
  it("names the attribute of the file or its directory, and the command that removes it", () => {
    for (const [flag, state] of [["i", "immutable"], ["a", "append-only"]] as const) {
      for (const [what, place] of [["the file", "d/f"], ["its directory", "d"]]) {
        using temp = new TempDirectory();
        temp.directory("d");
        const path = temp.write("d/f");
        using _ = protect(temp.at(place), flag);
        const { message, hint, code } = explainFailure(failedWith("write", path, "EPERM"));
        const reason = `Operation not permitted: ${what} is ${state} (chattr +${flag})`;
        assertEquals([message, code], [`Cannot write "${path}": ${reason}`, "EPERM"]);
        assertEquals(hint, `As root, run: chattr -${flag} "${temp.at(place)}"`);
      }
    }
  });

  it("is unchanged without an attribute, and so are other failures", () => {
    using temp = new TempDirectory();
    const path = temp.write("f");
    const unset = unsetTimeCall(path, Errno.EPERM);
    for (const failure of [failedWith("write", path, "EPERM"), unset]) {
      assertEquals(explainFailure(failure), failure);
    }
    using _ = protect(path, "i");
    const denied = failedWith("write", path, "EACCES");
    assertEquals(explainFailure(denied), denied);
  });
});
