/** Backups of replaced files that the user wants to keep. */

import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FileError } from "../../../src/errors.ts";
import type { TargetRoot } from "../../../src/files/engine/target_root.ts";
import { type FileCalls, openFileCalls } from "../../../src/native/file/calls.ts";
import { RecordType } from "../../../src/protocol/data/records.ts";
import { applyRecords, ENGINES, isNativeHere, TempDirectory } from "../file_engines.ts";

const { enter, file, symlink } = RecordType;
/** Modes of directories that only their owner, others too, and all users with the sticky bit can write to. */
const MODES = [0o755, 0o777, 0o1777];

/** Lets no file have a second name. @param failedRename Number of the rename that fails. Default: none. */
function withoutHardLinks(failedRename?: number): Disposable {
  const { linkSync, renameSync } = Deno;
  const calls = isNativeHere ? openFileCalls() as { -readonly [Key in keyof FileCalls]: FileCalls[Key] } : undefined;
  const native = calls && { ...calls };
  let renames = 0;
  Deno.linkSync = () => {
    throw new Deno.errors.NotSupported();
  };
  Deno.renameSync = (from, to) => {
    if (++renames === failedRename) throw new Deno.errors.PermissionDenied();
    renameSync(from, to);
  };
  if (calls && native) {
    calls.linkat = (directory, from, _, name, flags) => native.linkat(directory, from, -1, name, flags);
    // A free name is found by renameat2(2), which this copy has to do without.
    calls.renameNew = (_, from, to, name) => native.renameNew(-1, from, to, name);
    calls.renameat = (directory, ...rest) => native.renameat(++renames === failedRename ? -1 : directory, ...rest);
  }
  return {
    [Symbol.dispose]() {
      Deno.linkSync = linkSync;
      Deno.renameSync = renameSync;
      if (calls && native) Object.assign(calls, native);
    },
  };
}

for (const { title, make } of ENGINES) {
  describe(`backups that the user wants, ${title}`, { ignore: Deno.build.os === "windows" }, () => {
    const engine = make();
    const open = (temp: TempDirectory, { suffix = "~", elsewhere = false } = {}) => {
      const identity = engine.paths.stat(temp.path, { follow: true })!;
      const backups = { directory: temp.path, identity, below: "kept/to" };
      const root: TargetRoot = { kind: "folder", path: temp.at("to"), created: false, backups };
      const backup = { suffix, elsewhere };
      return engine.openTarget([root], { preserve: false, umask: 0o022, token: "test", backup });
    };

    it("cannot be replaced by a file of the source", () => {
      using temp = new TempDirectory();
      temp.directory("to");
      temp.write("to/a", "old");
      const target = open(temp);
      assertThrows(
        () => applyRecords(target, [[enter, ""], [file, "a", "new"], [file, "a~", "source"]]),
        FileError,
        `Cannot write "${temp.at("to/a~")}": its name is that of a backup`,
      );
      target.abort();
      target.close();
      assertEquals(temp.contents().filter((path) => path.startsWith("to/a")), ["to/a: new", "to/a~: old"]);
    });

    it("replace earlier backups in any directory", () => {
      for (const mode of MODES) {
        using temp = new TempDirectory();
        temp.directory("to/sub", mode);
        temp.write("to/sub/f", "old");
        temp.write("to/sub/f~", "older");
        Deno.symlinkSync("old", temp.at("to/sub/l"));
        const target = open(temp);
        applyRecords(target, [[enter, "sub"], [file, "f", "new"], [symlink, "l", "new"], [file, "g", "g"]]);
        target.close();
        assertEquals(
          temp.contents(),
          ["to/", "to/sub/", "to/sub/f: new", "to/sub/f~: old", "to/sub/g: g", "to/sub/l -> new", "to/sub/l~ -> old"],
        );
      }
    });

    it("go to the directory of the root, in new directories without access for others", () => {
      for (const mode of MODES) {
        using temp = new TempDirectory();
        temp.directory("to/sub", mode);
        temp.directory("to", mode);
        temp.write("to/sub/f", "old");
        const target = open(temp, { elsewhere: true, suffix: "" });
        applyRecords(target, [[enter, "sub"], [file, "f", "new"], [file, "g", "g"]]);
        applyRecords(target, [[enter, ""], [file, "g", "g"]]);
        target.close();
        assertEquals(
          temp.contents(),
          [
            ...["kept/", "kept/to/", "kept/to/sub/", "kept/to/sub/f: old"],
            ...["to/", "to/g: g", "to/sub/", "to/sub/f: new", "to/sub/g: g"],
          ],
        );
        for (const path of ["kept", "kept/to/sub"]) assertEquals(Deno.statSync(temp.at(path)).mode! & 0o7777, 0o700);
      }
    });

    it("stay if a file or link is received again", () => {
      using temp = new TempDirectory();
      temp.directory("to");
      temp.write("to/f", "old");
      temp.write("to/empty", "old");
      Deno.symlinkSync("old", temp.at("to/l"));
      for (let times = 0; times < 2; times++) {
        const target = open(temp);
        applyRecords(target, [[enter, ""], [file, "f", "new"], [file, "empty", ""], [symlink, "l", "new"]]);
        target.close();
      }
      assertEquals(
        temp.contents(),
        ["to/", "to/empty: ", "to/empty~: old", "to/f: new", "to/f~: old", "to/l -> new", "to/l~ -> old"],
      );
    });

    it("stay if a link is received again whose target is not text", { ignore: title === "portable" }, () => {
      for (const mode of MODES) {
        using temp = new TempDirectory();
        temp.directory("to", mode);
        Deno.symlinkSync("old", temp.at("to/l"));
        for (let times = 0; times < 2; times++) {
          const target = open(temp);
          applyRecords(target, [[enter, ""], [symlink, "l", "new\udcff"]]);
          target.close();
        }
        assertEquals(Deno.readLinkSync(temp.at("to/l~")), "old");
      }
    });

    it("may already be the replaced file itself", () => {
      for (const mode of MODES) {
        using temp = new TempDirectory();
        temp.directory("to", mode);
        temp.write("to/f", "old");
        Deno.linkSync(temp.at("to/f"), temp.at("to/f~"));
        const target = open(temp);
        applyRecords(target, [[enter, ""], [file, "f", "new"]]);
        target.close();
        assertEquals(temp.contents(), ["to/", "to/f: new", "to/f~: old"]);
      }
    });

    it("are moved on a file system without hard links, and back if the new file cannot get its name", () => {
      using temp = new TempDirectory();
      temp.directory("to");
      temp.write("to/f", "old");
      const target = open(temp);
      applyRecords(target, [[enter, ""]]);
      {
        using _ = withoutHardLinks(2);
        assertThrows(() => applyRecords(target, [[enter, ""], [file, "f", "new"]]), FileError);
      }
      assertEquals(temp.contents(), ["to/", "to/f: old"]);
      {
        using _ = withoutHardLinks();
        applyRecords(target, [[enter, ""], [file, "f", "new"]]);
      }
      assertEquals(temp.contents(), ["to/", "to/f: new", "to/f~: old"]);
      target.close();
    });

    it("are not kept in a directory that has replaced the planned one", () => {
      using temp = new TempDirectory();
      temp.directory("to");
      temp.write("to/f", "old");
      const target = open(temp, { elsewhere: true, suffix: "" });
      Deno.mkdirSync(temp.at("kept"));
      temp.directory("elsewhere");
      Deno.symlinkSync("../elsewhere", temp.at("kept/to"));
      const { message } = assertThrows(() => applyRecords(target, [[enter, ""], [file, "f", "new"]]), FileError);
      target.close();
      assertEquals(
        message.replaceAll(temp.path, ""),
        'Cannot back up "/to/f": Cannot create "/kept/to": it is a symbolic link',
      );
      assertEquals(temp.contents(), ["elsewhere/", "kept/", "kept/to -> ../elsewhere", "to/", "to/f: old"]);
    });
  });
}
