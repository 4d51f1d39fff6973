import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { copyRun, usageError } from "./command_lines.ts";

describe("--files-from", () => {
  it("is a list of paths in the contents of the only source", () => {
    const run = copyRun("--files-from", "list", "-0", "host:", "target");
    assertEquals(run.filesFrom, { file: "list", nul: true });
    assertEquals(run.transfers[0].sources, [{ path: ".", literal: false }]);
    const path = (source: string) => copyRun("--files-from=x", source, "host:t").transfers[0].sources[0].path;
    assertEquals(["a", "a/b/", "/", "."].map(path), ["a/.", "a/b/.", "/.", "./."]);
  });

  it("copies listed directories alone, or with -r and -a their contents", () => {
    const listed = (...flags: string[]) => {
      const { recursive, listed } = copyRun(...flags, "--files-from=x", "a", "b").host.request;
      return [recursive, listed];
    };
    assertEquals([listed(), listed("-r"), listed("-a")], [[true, "flat"], [true, "deep"], [true, "deep"]]);
    assertEquals(copyRun("a", "b").host.request.listed, undefined);
  });

  it("is refused with anything but one source directory", () => {
    const needsOne = 'Option "--files-from" needs one source: the directory that contains the listed files';
    assertEquals(usageError("--files-from=x", "a", "b", "c"), needsOne);
    assertEquals(usageError("--files-from=x", "h:a", "g:b", "c"), needsOne);
    const withDash = 'Cannot use "-" as a source or target together with "--files-from"';
    assertEquals(usageError("--files-from=x", "-", "h:c"), withDash);
    assertEquals(usageError("--files-from=x", "a", "-"), withDash);
    assertEquals(
      usageError("--files-from=x", "--filelist=y", "a", "b"),
      'Options "--filelist" and "--files-from" exclude each other',
    );
    assertEquals(usageError("--files-from=x", "-R", "g:a", "h:b"), 'Cannot use "-R" with "--files-from"');
    assertEquals(usageError("--files-from=-", "--exclude-from=-", "a", "b").includes("twice"), true);
    assertEquals(
      usageError("-0", "a", "b"),
      'Option "-0" applies to the names in a list: "--filelist" or "--files-from" is missing',
    );
  });
});
