import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FileError, ProtocolError } from "../../../src/errors.ts";
import { putUint53, RecordField, RecordType } from "../../../src/protocol/data/records.ts";
import type { TargetRoot } from "../../../src/files/engine/target_root.ts";
import { planTargets } from "../../../src/files/target/plan/plan.ts";
import { applyRecord, applyRecords, ENGINES, frameOf, isRoot, rawShell, TempDirectory } from "../file_engines.ts";

const { enter, directory, file, symlink, hardlink } = RecordType;
const PLAN = { base: "/", tilde: false, sameHost: false };
const ATTRIBUTES = { mode: 0o640, uid: 0, gid: 0, mtime: 1_500_000_000, mtimeNs: 5, atime: 1_500_000_000, atimeNs: 6 };

for (const { title, make } of ENGINES) {
  describe(`target writer, ${title}`, () => {
    const engine = make();
    const options = { preserve: false, keepTimes: false, umask: 0o022, token: "test" };
    const writerFor = (root: TargetRoot, more = {}) => engine.openTarget([root], { ...options, ...more });
    const deviceOf = (root: TargetRoot, note = (_: string) => {}) => writerFor(root).openDevice(0, note)!;
    const into = (path: string, more = {}) => writerFor({ kind: "folder", path, created: false }, more);

    const refused = (act: () => void, message: string) => {
      assertEquals(assertThrows(act, FileError).message, message);
    };

    it("creates missing directories, reports them, and sets their modes at the end", () => {
      using temp = new TempDirectory();
      temp.directory("old", 0o750);
      const writer = into(temp.path);
      applyRecords(writer, [[enter, "old/a/b"], [file, "f", "1"], [directory, "old/a"], [enter, "old"], [
        file,
        "g",
        "2",
      ]]);
      assertEquals(Deno.statSync(temp.at("old/a/b")).mode! & 0o7777, 0o1700);
      const touched = writer.small.takeCreated();
      assertEquals(touched.map((it) => it.path), ["old/a", "old/a/b"]);
      assertEquals(writer.small.takeCreated(), []);
      const failures = writer.directories.finish([...touched, { root: 0, path: "old", created: false }]);
      assertEquals(failures, []);
      assertEquals(Deno.statSync(temp.at("old/a")).mode! & 0o7777, 0o755);
      assertEquals(Deno.statSync(temp.at("old")).mode! & 0o7777, 0o750);
      assertEquals(temp.list(), ["old/", "old/a/", "old/a/b/", "old/a/b/f", "old/g"]);
      writer.close();
    });

    it("keeps few directories open for many roots", () => {
      using temp = new TempDirectory();
      const roots = Array.from({ length: 200 }, (_, index): TargetRoot => ({
        kind: "file",
        directory: temp.directory(`${index % 100}`),
        name: `${index}`,
      }));
      const writer = engine.openTarget(roots, options);
      const open = () => Deno.build.os === "linux" ? [...Deno.readDirSync("/proc/self/fd")].length : 0;
      const before = open();
      roots.forEach((_, root) => {
        const { frame, cursor } = frameOf([[enter, ""], [file, "", "1"]]);
        cursor.next();
        writer.small.enter(root, frame, cursor.nameStart, cursor.nameEnd);
        cursor.next();
        writer.small.writeWhole(cursor, frame);
      });
      assert(open() - before < 40, `${open() - before} more files are open`);
      assertEquals(temp.list("7"), ["107", "7"]);
      writer.close();
    });

    it("reports a directory that cannot be finished, and finishes the others", () => {
      using temp = new TempDirectory();
      const writer = into(temp.path);
      applyRecords(writer, [[enter, "a"], [enter, "b"]]);
      const touched = writer.small.takeCreated();
      writer.close();
      Deno.removeSync(temp.at("a"));
      assertEquals(writer.directories.finish(touched).map((it) => it.path), [temp.at("a")]);
      assertEquals(Deno.statSync(temp.at("b")).mode! & 0o7777, 0o755);
      writer.close();
    });

    it("never follows a symbolic link in the path of a target", () => {
      using temp = new TempDirectory();
      temp.directory("out");
      temp.directory("to/real");
      Deno.symlinkSync("../out", temp.at("to/link"));
      Deno.symlinkSync("../../out", temp.at("to/real/inner"));
      const writer = into(temp.at("to"));
      for (const path of ["link", "link/deeper", "real/inner", "real/inner/x"]) {
        const at = path.startsWith("link") ? "link" : "real/inner";
        const error = assertThrows(() => applyRecords(writer, [[enter, path], [file, "f", "1"]]), FileError);
        assertEquals(error.code, "ELOOP", at);
        assertEquals(error.message.endsWith("it is a symbolic link"), true);
      }
      writer.close();
      assertEquals(temp.list("out"), []);
    });

    it("does not follow a link that has replaced an open directory", () => {
      using temp = new TempDirectory();
      temp.directory("out");
      temp.directory("to");
      const writer = into(temp.at("to"));
      applyRecords(writer, [[enter, "d"], [file, "f", "1"]]);
      Deno.renameSync(temp.at("to/d"), temp.at("to/moved"));
      Deno.symlinkSync("../out", temp.at("to/d"));
      try {
        applyRecords(writer, [[enter, "d"], [file, "g", "1"]]);
      } catch (error) {
        assertEquals((error as FileError).code, "ELOOP");
      }
      writer.close();
      assertEquals(temp.list("out"), []);
    });

    it("replaces a link with the final name, not its target", () => {
      using temp = new TempDirectory();
      temp.directory("to");
      temp.write("precious", "keep");
      Deno.symlinkSync("../precious", temp.at("to/f"));
      const writer = into(temp.at("to"));
      applyRecords(writer, [[enter, ""], [file, "f", "new"]]);
      writer.close();
      assertEquals(Deno.readTextFileSync(temp.at("precious")), "keep");
      assertEquals(Deno.lstatSync(temp.at("to/f")).isFile, true);
    });

    it("reports what prevents a write, and leaves no temporary file", () => {
      using temp = new TempDirectory();
      temp.directory("d");
      temp.write("f", "old");
      const writer = into(temp.path);
      refused(
        () => applyRecords(writer, [[enter, ""], [file, "d", "1"]]),
        `Cannot write "${temp.path}/d": Is a directory`,
      );
      const error = assertThrows(() => applyRecords(writer, [[enter, "f/x"]]), FileError);
      assertEquals(error.code, "ENOTDIR");
      const partial = writer.partials.create(0, "d", 10);
      refused(() => writer.partials.commit(partial, ATTRIBUTES), `Cannot write "${temp.path}/d": Is a directory`);
      refused(
        () => applyRecords(writer, [[enter, ""], [hardlink, "h", "missing"]]),
        `Cannot link to "${temp.path}/missing": No such file or directory`,
      );
      writer.close();
      assertEquals(temp.list(), ["d/", "f"]);
    });

    it("keeps the old file if the new one cannot be written", { ignore: Deno.build.os !== "linux" }, () => {
      using temp = new TempDirectory();
      temp.write("f", "old");
      const writer = into("/proc/self");
      assertThrows(() => applyRecords(writer, [[enter, ""], [file, "f", "1"]]), FileError);
      writer.close();
      assertEquals(temp.list(), ["f"]);
    });

    it("refuses records that do not fit their root", () => {
      using temp = new TempDirectory();
      const directoryWriter = into(temp.path);
      const fileWriter = writerFor({ kind: "file", directory: temp.path, name: "f" });
      assertThrows(() => applyRecords(directoryWriter, [[enter, ""], [file, "", "1"]]), ProtocolError);
      assertThrows(() => applyRecords(fileWriter, [[enter, ""], [file, "other", "1"]]), ProtocolError);
      assertThrows(() => applyRecords(fileWriter, [[enter, "sub"]]), ProtocolError);
      assertThrows(() => applyRecords(into(temp.path), [[file, "f", "1"]]), ProtocolError);
      assertThrows(() => directoryWriter.partials.create(0, "", 1), ProtocolError);
      assertThrows(() => applyRecords(directoryWriter, [[enter, ""], [symlink, "l", ""]]), ProtocolError);
      assertThrows(() => applyRecords(directoryWriter, [[enter, ""], [symlink, "l", "a\0b"]]), ProtocolError);
      assertThrows(() => applyRecords(directoryWriter, [[enter, ""], [hardlink, "l", "../x"]]), ProtocolError);
      for (const writer of [directoryWriter, fileWriter]) writer.close();
      assertEquals(temp.list(), []);
    });

    it("writes to its directory after a hard link whose first name is missing", () => {
      using temp = new TempDirectory();
      const roots = ["one", "two"].map((name): TargetRoot => (
        { kind: "folder", path: temp.directory(name), created: false }
      ));
      temp.directory("one/a/b/c/d/e");
      for (const [current, first, firstRoot] of [["", "missing/f", 1], ["x", "a/b/c/d/e/missing/f", 0]] as const) {
        const writer = engine.openTarget(roots, options);
        const { frame, cursor } = frameOf([[enter, current], [hardlink, "h", first], [file, "f", "1"]]);
        const view = new DataView(frame.buffer);
        const failures: string[] = [];
        while (cursor.next()) {
          if (cursor.type === hardlink) putUint53(view, cursor.start + RecordField.version, firstRoot + 1);
          try {
            applyRecord(writer, cursor, frame);
          } catch (error) {
            failures.push((error as FileError).code!);
          }
        }
        writer.close();
        assertEquals(failures, ["ENOENT"]);
      }
      assertEquals(temp.list().filter((path) => path.endsWith("/f")), ["one/f", "one/x/f"]);
    });

    it("creates no hard link to the target of a symbolic link", () => {
      using temp = new TempDirectory();
      temp.directory("to/d");
      temp.directory("out");
      temp.write("out/secret", "s");
      Deno.symlinkSync("../out", temp.at("to/link"));
      Deno.symlinkSync("../out/secret", temp.at("to/s"));
      const writer = into(temp.at("to"));
      assertThrows(() => applyRecords(writer, [[enter, "d"], [hardlink, "h", "link/secret"]]), FileError);
      assertThrows(() => applyRecords(writer, [[enter, "d"], [hardlink, "h", "s"]]), FileError);
      writer.close();
      assertEquals(temp.list("to/d"), []);
    });

    it("writes ranges of a large file in any order, from any writer", () => {
      using temp = new TempDirectory();
      const writer = into(temp.path);
      const partial = structuredClone(writer.partials.create(0, "d/big", 10));
      assertEquals(temp.list().length, 2);
      const other = into(temp.path);
      const ranges = other.partials.open(partial);
      const bytes = new TextEncoder().encode("..0123456789");
      ranges.writeAt(bytes, 7, 5, 5);
      ranges.writeAt(bytes, 2, 5, 0);
      ranges.close();
      other.close();
      writer.partials.commit(partial, ATTRIBUTES);
      assertEquals(temp.list(), ["d/", "d/big"]);
      assertEquals(Deno.readTextFileSync(temp.at("d/big")), "0123456789");
      assertEquals(Deno.statSync(temp.at("d/big")).mode! & 0o7777, 0o640);
      writer.close();
    });

    it("keeps the mode of a file that a large file replaces", () => {
      using temp = new TempDirectory();
      temp.write("big", "old", 0o600);
      const writer = into(temp.path);
      writer.partials.commit(writer.partials.create(0, "big", 0), ATTRIBUTES);
      writer.close();
      assertEquals(Deno.statSync(temp.at("big")).mode! & 0o7777, 0o600);
    });

    it("stays in the current directory while large files are created and discarded", () => {
      using temp = new TempDirectory();
      const writer = into(temp.path);
      const { frame, cursor } = frameOf([[enter, "here"], [file, "f", "1"]]);
      cursor.next();
      writer.small.enter(0, frame, cursor.nameStart, cursor.nameEnd);
      writer.partials.discard(writer.partials.create(0, "there/big", 5));
      cursor.next();
      writer.small.writeWhole(cursor, frame);
      writer.close();
      assertEquals(temp.list(), ["here/", "here/f", "there/"]);
    });

    it("does not create the directory of a large file again after it was removed", async () => {
      using temp = new TempDirectory();
      const writer = into(temp.path);
      const partial = writer.partials.create(0, "d/big", 3);
      // The current directory stays open, so another one is entered.
      const enterOther = () => writer.partials.discard(writer.partials.create(0, "other/f", 3));
      enterOther();
      Deno.removeSync(temp.at("d"), { recursive: true });
      assertThrows(() => writer.partials.open(partial), FileError);
      assertThrows(() => writer.partials.read(partial), FileError);
      await assertRejects(() => writer.partials.sync(partial), FileError);
      assertThrows(() => writer.partials.commit(partial, ATTRIBUTES), FileError);
      enterOther();
      writer.partials.discard(partial);
      enterOther();
      writer.abort({ keepPartials: true });
      writer.close();
      assertEquals(temp.list(), ["other/"]);
    });

    it("removes its temporary files when aborted, even twice", () => {
      using temp = new TempDirectory();
      const writer = into(temp.path);
      writer.partials.create(0, "a", 5);
      writer.partials.create(0, "d/b", 5);
      writer.abort();
      writer.abort();
      writer.close();
      assertEquals(temp.list(), ["d/"]);
      const keeping = into(temp.path);
      keeping.partials.create(0, "without a journal", 5);
      keeping.abort({ keepPartials: true });
      keeping.close();
      assertEquals(temp.list(), ["d/"]);
    });

    it("writes to more directories than it keeps open", () => {
      using temp = new TempDirectory();
      const writer = into(temp.path);
      for (let index = 0; index < 50; index++) applyRecords(writer, [[enter, `d${index}/e`], [file, "f", "1"]]);
      for (let index = 0; index < 50; index++) applyRecords(writer, [[enter, `d${index}`], [file, "f", "1"]]);
      writer.close();
      assertEquals(temp.list().length, 200);
    });

    it("writes to a FIFO in order after it has a reader", { ignore: Deno.build.os === "windows" }, async () => {
      using temp = new TempDirectory();
      rawShell("mkfifo pipe", temp.path);
      const notes: string[] = [];
      const told = Promise.withResolvers<void>();
      const device = deviceOf({ kind: "device", path: temp.at("pipe"), shown: "d/pipe", isFifo: true }, (text) => {
        notes.push(text);
        told.resolve();
      });
      const bytes = new TextEncoder().encode("ab");
      const writing = device.write(bytes, 0, 2, 0);
      await told.promise;
      using reader = await Deno.open(temp.at("pipe"));
      await writing;
      assertEquals((await assertRejects(() => device.write(bytes, 0, 2, 3), FileError)).code, "ESPIPE");
      await device.write(bytes, 0, 2, 2);
      await device.writeZeros(4, 3);
      await device.sync();
      const got = new Uint8Array(20);
      assertEquals(new TextDecoder().decode(got.subarray(0, reader.readSync(got)!)), "abab\0\0\0");
      device.close();
      assertEquals(reader.readSync(got), null);
      assertEquals(notes, ['waiting for a reader of "d/pipe"']);
    });

    it("does not block the event loop while a pipe is full", { ignore: Deno.build.os === "windows" }, async () => {
      using temp = new TempDirectory();
      rawShell("mkfifo pipe", temp.path);
      // Opened for reading and writing, so that the writer has a reader.
      using reader = Deno.openSync(temp.at("pipe"), { read: true, write: true });
      const device = deviceOf({ kind: "device", path: temp.at("pipe") });
      const bytes = new Uint8Array(1 << 20).fill(7);
      const state = { written: false };
      const writing = device.write(bytes, 0, bytes.length, 0).then(() => state.written = true);
      await new Promise((resolve) => setTimeout(resolve, 20));
      assertEquals(state.written, false);
      const got = new Uint8Array(64 << 10);
      for (let read = 0; read < bytes.length;) read += (await reader.read(got))!;
      await writing;
      device.close();
    });

    for (const when of ["opened", "written"]) {
      it(
        `cancels a FIFO that is being ${when} when it is closed`,
        { ignore: Deno.build.os === "windows" },
        async () => {
          using temp = new TempDirectory();
          rawShell("mkfifo pipe", temp.path);
          const reader = when === "opened" ? undefined : Deno.openSync(temp.at("pipe"), { read: true, write: true });
          const device = deviceOf({ kind: "device", path: temp.at("pipe") });
          const writing = device.write(new Uint8Array(1 << 20), 0, 1 << 20, 0);
          await new Promise((resolve) => setTimeout(resolve, 20));
          device.close();
          assertEquals((await assertRejects(() => writing, FileError)).code, "EINTR");
          // The call that waits in a thread of the runtime ends now.
          (reader ?? Deno.openSync(temp.at("pipe"), { read: true, write: true })).close();
        },
      );
    }

    it(
      "fails a write to a closed device and closes its descriptor once",
      { ignore: Deno.build.os === "windows" },
      async () => {
        using temp = new TempDirectory();
        rawShell("mkfifo pipe", temp.path);
        using _reader = Deno.openSync(temp.at("pipe"), { read: true, write: true });
        const device = deviceOf({ kind: "device", path: temp.at("pipe") });
        // This write opens the device and leaves its position at 0.
        await device.write(new Uint8Array(1), 0, 0, 0);
        device.close();
        // This file gets the number of the closed descriptor.
        using next = Deno.openSync(temp.directory("next"));
        const failure = await assertRejects(() => device.write(new Uint8Array(1), 0, 1, 0), FileError);
        assertEquals(failure.code, "EINTR");
        assert(next.statSync().isDirectory);
      },
    );

    it("reports a full device", { ignore: Deno.build.os !== "linux" }, async () => {
      const device = deviceOf({ kind: "device", path: "/dev/full" });
      const error = await assertRejects(() => device.write(new Uint8Array(1), 0, 1, 0), FileError);
      assertEquals(error.message, 'Cannot write "/dev/full": No space left on device');
      assertEquals(error.hint?.startsWith("Free some space"), true);
      device.close();
    });

    it("refuses a device path that names a regular file", async () => {
      using temp = new TempDirectory();
      temp.write("file", "before");
      const device = deviceOf({ kind: "device", path: temp.at("file") });
      assertEquals((await assertRejects(() => device.write(new Uint8Array(1), 0, 1, 0), FileError)).code, "ESTALE");
      device.close();
      assertEquals(Deno.readTextFileSync(temp.at("file")), "before");
    });

    it("refuses another FIFO under the path of the planned one", { ignore: Deno.build.os === "windows" }, async () => {
      using temp = new TempDirectory();
      rawShell("mkfifo planned other", temp.path);
      const roots = planTargets([{ name: "source", kind: "file" }], temp.at("planned"), PLAN, engine.paths);
      const device = engine.openTarget(roots, options).openDevice(0, () => {})!;
      Deno.renameSync(temp.at("other"), temp.at("planned"));
      using _reader = Deno.openSync(temp.at("planned"), { read: true, write: true });
      assertEquals((await assertRejects(() => device.write(new Uint8Array(1), 0, 1, 0), FileError)).code, "ESTALE");
      device.close();
    });

    it("refuses what replaces a FIFO while it has no reader", { ignore: Deno.build.os !== "linux" }, async () => {
      using temp = new TempDirectory();
      rawShell("mkfifo planned other", temp.path);
      const roots = planTargets([{ name: "source", kind: "file" }], temp.at("planned"), PLAN, engine.paths);
      const { promise: waits, resolve } = Promise.withResolvers<void>();
      const device = engine.openTarget(roots, options).openDevice(0, () => resolve())!;
      const writing = assertRejects(() => device.write(new Uint8Array(1), 0, 1, 0), FileError);
      await waits;
      using reader = Deno.openSync(temp.at("other"), { read: true, write: true });
      const planned = Deno.openSync.bind(undefined, temp.at("first"), { read: true, write: true });
      Deno.renameSync(temp.at("planned"), temp.at("first"));
      Deno.symlinkSync("other", temp.at("planned"));
      if (engine.name === "native") assertEquals((await writing).code, "ESTALE");
      device.close();
      // The call that waits in a thread of the runtime ends now.
      planned().close();
      await writing;
      reader.writeSync(Uint8Array.of(9));
      const read = new Uint8Array(8);
      assertEquals(read.subarray(0, reader.readSync(read)!), Uint8Array.of(9));
    });

    it("opens up a directory of its own without write permission", { ignore: isRoot }, () => {
      using temp = new TempDirectory();
      temp.directory("d", 0o555);
      const writer = into(temp.path);
      applyRecords(writer, [[enter, "d"], [file, "f", "1"]]);
      const touched = writer.small.takeCreated();
      assertEquals(touched, [{ root: 0, path: "d", created: false, mode: 0o555 }]);
      assertEquals(writer.directories.finish(touched), []);
      writer.close();
      assertEquals(Deno.statSync(temp.at("d")).mode! & 0o7777, 0o555);
    });

    it("keeps setuid only with the owner of the source", { ignore: Deno.build.os === "windows" }, () => {
      using temp = new TempDirectory();
      const writer = into(temp.path, { preserve: true });
      writer.partials.commit(writer.partials.create(0, "own", 0), {
        ...ATTRIBUTES,
        mode: 0o4755,
        uid: Deno.uid()!,
        gid: Deno.gid()!,
      });
      assertEquals(Deno.statSync(temp.at("own")).mode! & 0o7777, 0o4755);
      if (!isRoot) {
        writer.partials.commit(writer.partials.create(0, "other", 0), {
          ...ATTRIBUTES,
          mode: 0o4755,
          uid: 1,
          gid: Deno.gid()!,
        });
        assertEquals(Deno.statSync(temp.at("other")).mode! & 0o7777, 0o755);
      }
      writer.close();
    });
  });
}
