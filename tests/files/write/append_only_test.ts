/** Append-only directories (chattr +a): names can be created in them, but neither renamed nor removed. */

import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FileError } from "../../../src/errors.ts";
import { RecordType } from "../../../src/protocol/data/records.ts";
import { explainFailure } from "../../../src/files/stat/explain_failure.ts";
import { chattrProblem, protect } from "../../support/files/chattr.ts";
import { applyRecords, ENGINES, isNativeHere, TempDirectory } from "../file_engines.ts";

const { enter, file } = RecordType;

const problem = isNativeHere ? chattrProblem : "needs system calls";
const why = problem === undefined ? "" : ` (skipped: ${problem})`;

for (const { title, make } of ENGINES) {
  describe(`an append-only directory, ${title}${why}`, { ignore: problem !== undefined }, () => {
    it("gets no temporary file, even if a link to it is the target", () => {
      using temp = new TempDirectory();
      temp.directory("d");
      Deno.symlinkSync("d", temp.at("link"));
      using _ = protect(temp.at("d"), "a");
      for (const path of ["d", "link"]) {
        const root = { kind: "folder", path: temp.at(path), created: false } as const;
        const target = make().openTarget([root], { preserve: false, umask: 0o022, token: "test" });
        const error = assertThrows(() => applyRecords(target, [[enter, ""], [file, "f", "1"]]), FileError);
        target.close();
        const reason = "Operation not permitted: its directory is append-only (chattr +a)";
        assertEquals(explainFailure(error).message, `Cannot write "${temp.at(path)}/f": ${reason}`);
      }
      assertEquals(temp.list("d"), []);
    });
  });
}
