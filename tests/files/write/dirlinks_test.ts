/** Symbolic links to directories in the target, with and without `dirlinks`. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FileError } from "../../../src/errors.ts";
import type { TargetRoot } from "../../../src/files/engine/target_root.ts";
import type { FileIdentity } from "../../../src/files/stat/file_identity.ts";
import { Confinement } from "../../../src/files/target/confinement.ts";
import { createdLinks, isCreatedLink, noteCreatedLink } from "../../../src/files/target/created_links.ts";
import { planTargets } from "../../../src/files/target/plan/plan.ts";
import { AT_SYMLINK_NOFOLLOW, type FileCalls, openFileCalls } from "../../../src/native/file/calls.ts";
import { RecordType } from "../../../src/protocol/data/records.ts";
import { changeOwner } from "../../support/files/change_owner.ts";
import { OTHER_USER } from "../../support/files/plain_rights.ts";
import { applyRecords, ENGINES, isNativeHere, isRoot, TempDirectory } from "../file_engines.ts";

const { enter, file, symlink } = RecordType;

/**
 * Replaces a new link by a file while its status is read by name for the first time, as any user can who may write to the
 * directory.
 */
function hideLinkFromStat(directory: string): Disposable {
  const { lstatSync, renameSync, writeTextFileSync, removeSync } = Deno;
  const calls = isNativeHere ? openFileCalls() as { statx: FileCalls["statx"] } : undefined;
  const statx = calls?.statx;
  let isHidden = false;
  const hide = <Result>(stat: () => Result): Result => {
    const [link] = [...Deno.readDirSync(directory)].filter(({ isSymlink }) => isSymlink);
    if (!link || isHidden) return stat();
    isHidden = true;
    const path = `${directory}/${link.name}`;
    renameSync(path, `${directory}/hidden`);
    writeTextFileSync(path, "");
    try {
      return stat();
    } finally {
      removeSync(path);
      renameSync(`${directory}/hidden`, path);
    }
  };
  Deno.lstatSync = (path) => hide(() => lstatSync(path));
  if (calls) {
    calls.statx = (at, name, flags, to) =>
      flags === AT_SYMLINK_NOFOLLOW ? hide(() => statx!(at, name, flags, to)) : statx!(at, name, flags, to);
  }
  return {
    [Symbol.dispose]() {
      Deno.lstatSync = lstatSync;
      if (calls) calls.statx = statx!;
    },
  };
}

describe("createdLinks", () => {
  it("knows the links that were noted, and hardly any others", () => {
    const memory = createdLinks();
    assertEquals(memory, createdLinks());
    for (let inode = 1; inode <= 10_000; inode++) noteCreatedLink(memory, { dev: 7, inode });
    for (let inode = 1; inode <= 10_000; inode++) assert(isCreatedLink(memory, { dev: 7, inode }));
    let wrong = 0;
    for (let inode = 1; inode <= 10_000; inode++) {
      wrong += Number(isCreatedLink(memory, { dev: 8, inode }));
      wrong += Number(isCreatedLink(memory, { dev: 7, inode: inode + 2 ** 33 }));
    }
    assert(wrong < 3, `${wrong} others`);
  });
});

for (const { title, make } of ENGINES) {
  describe(`links to directories in the target, ${title}`, { ignore: Deno.build.os === "windows" }, () => {
    const engine = make();
    const options = { preserve: false, umask: 0o022, token: "test" };
    const into = (
      path: string,
      { within, source, ...more }: { within?: string; source?: FileIdentity; dirlinks?: SharedArrayBuffer } = {},
    ) => {
      const root: TargetRoot = { kind: "folder", path, created: false, within, source };
      return engine.openTarget([root], { ...options, dirlinks: new SharedArrayBuffer(1 << 10), ...more });
    };
    const refused = (temp: TempDirectory, path: string, message: string, more = {}) => {
      const writer = into(temp.at("to"), more);
      const before = temp.contents();
      const error = assertThrows(() => applyRecords(writer, [[enter, path], [file, "f", "1"]]), FileError);
      assertEquals(error.message.replaceAll(temp.path, ""), message);
      assertEquals(temp.contents(), before);
      writer.close();
    };

    it("are used as directories with dirlinks", async () => {
      using temp = new TempDirectory();
      temp.directory("to/real");
      temp.directory("out/sub");
      Deno.symlinkSync("../out", temp.at("to/link"));
      Deno.symlinkSync(temp.at("out"), temp.at("to/absolute"));
      Deno.symlinkSync("./link/sub/.././sub/", temp.at("to/through"));
      Deno.symlinkSync("../to/real", temp.at("out/back"));
      Deno.symlinkSync(".", temp.at("to/self"));
      const writer = into(temp.at("to"));
      applyRecords(writer, [
        [enter, "link"],
        [file, "a", "1"],
        [enter, "link/new/deep"],
        [file, "b", "1"],
        [enter, "absolute/sub"],
        [file, "c", "1"],
        [enter, "through"],
        [file, "d", "1"],
        [enter, "link/back"],
        [file, "e", "1"],
        [enter, "self/self"],
        [file, "g", "1"],
      ]);
      const partial = writer.partials.create(0, "link/new/large", 3);
      const range = writer.partials.open(partial);
      range.writeAt(new Uint8Array([1, 2, 3]), 0, 3, 0);
      range.close();
      writer.partials.commit(partial, { mode: 0o644, uid: 0, gid: 0, mtime: 1, mtimeNs: 0, atime: 1, atimeNs: 0 });
      const touched = [...writer.small.takeCreated(), ...writer.partials.takeCreated()];
      assertEquals(touched.map(({ path }) => path), ["link/new", "link/new/deep"]);
      assertEquals(writer.directories.finish(touched), []);
      assertEquals(await writer.directories.sync([{ root: 0, path: "link/new" }]), []);
      writer.close();
      assertEquals(Deno.statSync(temp.at("out/new/deep")).mode! & 0o7777, 0o755);
      assertEquals(temp.list(), [
        "out/",
        "out/a",
        "out/back -> ../to/real",
        "out/new/",
        "out/new/deep/",
        "out/new/deep/b",
        "out/new/large",
        "out/sub/",
        "out/sub/c",
        "out/sub/d",
        "to/",
        `to/absolute -> ${temp.at("out")}`,
        "to/g",
        "to/link -> ../out",
        "to/real/",
        "to/real/e",
        "to/self -> .",
        "to/through -> ./link/sub/.././sub/",
      ]);
    });

    it("are not followed without dirlinks, and neither are links to other files", () => {
      using temp = new TempDirectory();
      temp.directory("to");
      temp.directory("out");
      temp.write("out/f", "old");
      temp.write("plain", "old");
      Deno.symlinkSync("../out", temp.at("to/link"));
      Deno.symlinkSync("../plain", temp.at("to/file"));
      Deno.symlinkSync("nowhere", temp.at("to/dangling"));
      Deno.symlinkSync("loop", temp.at("to/loop"));
      refused(temp, "link", 'Cannot create "/to/link": it is a symbolic link', { dirlinks: undefined });
      for (const name of ["file", "dangling", "loop"]) {
        const message = `Cannot create "/to/${name}": it is a symbolic link that does not point to a directory`;
        refused(temp, name, message);
        refused(temp, `${name}/sub`, message);
      }
    });

    it("are followed only within a confinement", () => {
      using temp = new TempDirectory();
      temp.directory("to/in");
      temp.directory("to/inside");
      temp.directory("out");
      temp.write("out/f", "old");
      Deno.symlinkSync("../out", temp.at("to/link"));
      Deno.symlinkSync("in", temp.at("to/near"));
      const within = temp.at("to");
      refused(temp, "link", 'Cannot create "/to/link": that host allows only paths in "/to"', { within });
      const writer = into(temp.at("to"), { within });
      applyRecords(writer, [[enter, "near"], [file, "f", "1"]]);
      writer.close();
      assertEquals(temp.list("to/in"), ["f"]);
    });

    it("are not followed if another user has created them", { ignore: !isRoot }, () => {
      using temp = new TempDirectory();
      temp.directory("to", 0o1777);
      temp.directory("out");
      temp.write("out/f", "old");
      temp.directory("owned");
      Deno.chmodSync(temp.at("to"), 0o1777);
      Deno.symlinkSync("../out", temp.at("to/planted"));
      Deno.symlinkSync("planted", temp.at("to/through"));
      changeOwner(temp.at("to/planted"), OTHER_USER);
      const message = "a symbolic link on its path belongs to another user";
      refused(temp, "planted", `Cannot create "/to/planted": ${message}`);
      refused(temp, "through", `Cannot create "/to/through": ${message}`);
      // The owner of a directory controls everything in it.
      temp.directory("to/theirs");
      Deno.symlinkSync("../../out", temp.at("to/theirs/link"));
      changeOwner(temp.at("to/theirs/link"), OTHER_USER);
      refused(temp, "theirs/link", `Cannot create "/to/theirs/link": ${message}`);
      changeOwner(temp.at("to/theirs"), OTHER_USER);
      const writer = into(temp.at("to"));
      applyRecords(writer, [[enter, "theirs/link"], [file, "f", "1"]]);
      writer.close();
      assertEquals(Deno.readTextFileSync(temp.at("out/f")), "1");
    });

    it("are not followed if this copy has created them", () => {
      using temp = new TempDirectory();
      temp.directory("to/old");
      temp.directory("out");
      temp.write("out/f", "old");
      Deno.symlinkSync("../out", temp.at("to/link"));
      const dirlinks = createdLinks();
      const writer = into(temp.at("to"), { dirlinks });
      applyRecords(writer, [[enter, ""], [symlink, "mine", "../out"]]);
      writer.close();
      refused(temp, "mine", 'Cannot create "/to/mine": it is a symbolic link that this copy has created', { dirlinks });
      const other = into(temp.at("to"), { dirlinks });
      applyRecords(other, [[enter, "link"], [file, "f", "1"]]);
      other.close();
      assertEquals(Deno.readTextFileSync(temp.at("out/f")), "1");
    });

    it("are not followed if this copy has created them while their temporary names were swapped", () => {
      using temp = new TempDirectory();
      temp.directory("to");
      Deno.chmodSync(temp.at("to"), 0o777);
      const dirlinks = createdLinks();
      const writer = into(temp.at("to"), { dirlinks });
      applyRecords(writer, [[enter, ""]]);
      {
        using _ = hideLinkFromStat(temp.at("to"));
        try {
          applyRecords(writer, [[symlink, "mine", "../out"]]);
        } catch (error) {
          // The portable engine may take the other file for the link, and does not rename it.
          assertEquals((error as FileError).code, "ESTALE");
        }
      }
      writer.close();
      for (const { name } of Deno.readDirSync(temp.at("to"))) {
        const { dev, ino } = Deno.lstatSync(temp.at(`to/${name}`));
        assert(name !== "mine" || isCreatedLink(dirlinks, { dev, inode: ino! }));
      }
    });

    it("are not followed to the source or below it", () => {
      using temp = new TempDirectory();
      temp.directory("to");
      temp.directory("from/sub/deep");
      temp.write("from/f", "old");
      temp.write("from/sub/deep/f", "old");
      Deno.symlinkSync("../from/sub/deep", temp.at("to/sub"));
      Deno.symlinkSync("../from", temp.at("to/top"));
      Deno.symlinkSync("..", temp.at("to/above"));
      const { dev, ino } = Deno.statSync(temp.at("from"));
      const more = { source: { dev, inode: ino! } };
      const message = "it is a symbolic link to the source, which would be copied into itself";
      refused(temp, "sub", `Cannot create "/to/sub": ${message}`, more);
      refused(temp, "top", `Cannot create "/to/top": ${message}`, more);
      const writer = into(temp.at("to"), more);
      applyRecords(writer, [[enter, "above"], [file, "f", "1"]]);
      writer.close();
      assertEquals(Deno.readTextFileSync(temp.at("f")), "1");
    });

    it("are the targets of sources of their names", () => {
      using temp = new TempDirectory();
      temp.directory("to");
      temp.directory("out");
      Deno.symlinkSync("../out", temp.at("to/s"));
      Deno.symlinkSync("nowhere", temp.at("to/t"));
      const base = { base: temp.path, tilde: false, sameHost: false, dirlinks: new SharedArrayBuffer(1 << 10) };
      const plan = (name: string, more = {}) =>
        planTargets([{ name, kind: "folder" }], "to", { ...base, ...more }, engine.paths);
      const { dev, ino } = Deno.statSync(temp.at("out"));
      const identity = { dev, inode: ino! };
      assertEquals(plan("s"), [{ kind: "folder", path: temp.at("out"), created: false, identity }]);
      const messageOf = (act: () => unknown) => assertThrows(act, FileError).message.replaceAll(temp.path, "");
      assertEquals(messageOf(() => plan("s", { dirlinks: undefined })), 'Cannot create "/to/s": it is a symbolic link');
      const { message, hint } = assertThrows(() => plan("t"), FileError);
      const reason = "it is a symbolic link that does not point to a directory";
      assertEquals([message, hint], [`Cannot create "${temp.at("to/t")}": ${reason}`, "Remove the link"]);
      const confinement = new Confinement(temp.at("to"), temp.path, engine.paths);
      const confined = () =>
        planTargets([{ name: "s", kind: "folder" }], "", { ...base, base: temp.at("to"), confinement }, engine.paths);
      assertEquals(messageOf(confined), 'Cannot create "/to/s": that host allows only paths in "/to"');
    });
  });
}
