import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { parseModeChanges } from "../../../../src/cli/options/values/chmod.ts";
import { UsageError } from "../../../../src/errors.ts";
import { changedMode } from "../../../../src/protocol/control/mode_changes.ts";
import { copyRun, usageError } from "../command_lines.ts";

/** Returns the changed mode of a file, and that of a directory, in octal. */
function changed(texts: string | string[], mode: number, umask = 0o022): [file: string, directory: string] {
  const changes = parseModeChanges([texts].flat(), umask);
  return [changedMode(mode, false, changes).toString(8), changedMode(mode, true, changes).toString(8)];
}

describe("--chmod", () => {
  it("sets octal modes of files and directories", () => {
    assertEquals(changed("D755,F644", 0o4700), ["644", "755"]);
    assertEquals(changed(["D2750", "600"], 0o777), ["600", "600"]);
  });

  it("adds, removes and sets single permissions", () => {
    assertEquals(changed("go-w", 0o666), ["644", "644"]);
    assertEquals(changed("u+x,g+w", 0o640), ["760", "760"]);
    assertEquals(changed("a=r", 0o755), ["444", "444"]);
    assertEquals(changed("ug=rw,o=", 0o4755), ["4660", "4660"]);
    assertEquals(changed("u+s,g+s,a+t", 0o755), ["7755", "7755"]);
    assertEquals(changed("ug-s,a-t", 0o7755), ["755", "755"]);
    assertEquals(changed("Fa-x,Dg+w", 0o755), ["644", "775"]);
    assertEquals(changed("u=", 0o755), ["55", "55"]);
  });

  it("sets X only for directories, and for files with any execute permission", () => {
    assertEquals(changed("u+rwX,go+X", 0o600), ["600", "711"]);
    assertEquals(changed("a+X", 0o610), ["711", "711"]);
    assertEquals(changed("a=rX", 0o700), ["555", "555"]);
    assertEquals(changed("a-x,a+X", 0o700), ["711", "711"]);
    assertEquals(changed("a-X", 0o755), ["644", "644"]);
  });

  it("is limited by the umask if nobody is named", () => {
    assertEquals(changed("+w", 0o444, 0o022), ["644", "644"]);
    assertEquals(changed("-w", 0o666, 0o022), ["466", "466"]);
    assertEquals(changed("a+w", 0o444, 0o022), ["666", "666"]);
  });

  it("refuses other texts", () => {
    for (const text of ["", "u", "888", "u+rq", "D", "z+r", "u+r,", "g=u", "0o755", "77777", "DF755"]) {
      assertThrows(() => parseModeChanges([text], 0), UsageError, 'Option "--chmod" cannot use ');
    }
    assertThrows(() => parseModeChanges(["u+r,".repeat(100) + "u+r"], 0), UsageError, "at most 100 items");
    assertEquals(usageError("--chmod=q", "a", "b"), 'Option "--chmod" cannot use "q"');
    assertEquals(usageError("--chmod=644", "--acls", "a", "b").startsWith('Cannot use "--chmod" with "--acls"'), true);
  });

  it("is part of the request", () => {
    assertEquals(copyRun("a", "b").host.request.chmod, undefined);
    const all = [{ of: "all", keep: 0, set: 0o640, setIfExecutable: 0 }] as const;
    assertEquals(copyRun("--chmod=640", "a", "b").host.request.chmod, [...all]);
  });
});
