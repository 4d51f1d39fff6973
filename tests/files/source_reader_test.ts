import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FileError } from "../../src/errors.ts";
import { FileChange } from "../../src/files/stat/file_change.ts";
import { ENGINES, rawShell, sourceRoot, TempDirectory } from "./file_engines.ts";

const PATH = new TextEncoder().encode("\0f\0") as Uint8Array<ArrayBuffer>;

for (const { title, make } of ENGINES) {
  describe(`source reader, ${title}`, () => {
    const engine = make();
    const open = (temp: TempDirectory) => {
      const reader = engine.sourceReader([sourceRoot(engine, temp.path)]);
      reader.enter(0, PATH, 0, 0);
      return reader;
    };

    it("reads into the middle of a buffer, and returns the status of the file", () => {
      using temp = new TempDirectory();
      temp.write("f", "abc", 0o640);
      Deno.utimeSync(temp.at("f"), 100, 1_500_000_000.5);
      const reader = open(temp);
      const buffer = new Uint8Array(8);
      assertEquals(reader.readWhole(PATH, 1, 2, buffer, 2, 3), 3);
      assertEquals(new TextDecoder().decode(buffer), "\0\0abc\0\0\0");
      const { mode, size, mtime, mtimeNs } = reader.stat;
      assertEquals({ mode, size, mtime, mtimeNs }, {
        mode: 0o640,
        size: 3,
        mtime: 1_500_000_000,
        mtimeNs: 500_000_000,
      });
      assertEquals(reader.change, FileChange.none);
      reader.close();
    });

    it("refuses a file that has outgrown its buffer", () => {
      using temp = new TempDirectory();
      temp.write("f", "abcd");
      const reader = open(temp);
      const error = assertThrows(() => reader.readWhole(PATH, 1, 2, new Uint8Array(8), 0, 3), FileError);
      assertEquals(error.code, "EGREW");
      reader.close();
    });

    it("reads the start of a larger file if requested", () => {
      using temp = new TempDirectory();
      temp.write("f", "abcd");
      const reader = open(temp);
      reader.prefix = true;
      const buffer = new Uint8Array(8);
      assertEquals(reader.readWhole(PATH, 1, 2, buffer, 0, 3), 3);
      assertEquals([new TextDecoder().decode(buffer), reader.change], ["abc\0\0\0\0\0", FileChange.none]);
      assertEquals(reader.readWhole(PATH, 1, 2, buffer, 0, 8), 4);
      assertEquals(reader.change, FileChange.none);
      reader.close();
    });

    it("does not wait for the writer of a FIFO", { ignore: Deno.build.os === "windows" }, () => {
      using temp = new TempDirectory();
      rawShell("mkfifo f", temp.path);
      const reader = open(temp);
      const message = `Cannot read "${temp.path}/f": not a regular file: it is a FIFO`;
      assertEquals(
        assertThrows(() => reader.readWhole(PATH, 1, 2, new Uint8Array(8), 0, 8), FileError).message,
        message,
      );
      assertEquals(assertThrows(() => reader.openLarge(0, "f"), FileError).message, message);
      reader.close();
    });

    it("reports a missing file and a directory of its name", () => {
      using temp = new TempDirectory();
      const reader = open(temp);
      const read = () => reader.readWhole(PATH, 1, 2, new Uint8Array(8), 0, 8);
      assertEquals(assertThrows(read, FileError).code, "ENOENT");
      temp.directory("f");
      assertEquals(assertThrows(read, FileError).message, `Cannot read "${temp.path}/f": Is a directory`);
      reader.close();
    });

    it("reads ranges, fewer bytes at the end, and detects changes", () => {
      using temp = new TempDirectory();
      temp.write("f", "0123456789");
      const reader = open(temp);
      const ranges = reader.openLarge(0, "f");
      const buffer = new Uint8Array(6);
      assertEquals(ranges.size, 10);
      assertEquals(ranges.readAt(buffer, 1, 4, 3), 4);
      assertEquals(ranges.readAt(buffer, 0, 6, 8), 2);
      assertEquals(ranges.readAt(buffer, 0, 6, 10), 0);
      assertEquals(new TextDecoder().decode(buffer), "89" + "456\0");
      assertEquals(ranges.changeSince(), FileChange.none);
      const { mtime, mtimeNs, ctime, ctimeNs } = reader.stat;
      assertEquals(ranges.changeSince({ mtime, mtimeNs, ctime: ctime - 1, ctimeNs }), FileChange.perhaps);
      assertEquals(ranges.changeSince({ mtime: mtime - 1, mtimeNs, ctime, ctimeNs }), FileChange.certain);
      temp.write("f", "more than before");
      assertEquals(ranges.changeSince(), FileChange.grown);
      temp.write("f", "less");
      assertEquals(ranges.changeSince(), FileChange.certain);
      ranges.close();
      reader.close();
    });

    it("refuses a file that has replaced a large file", () => {
      using temp = new TempDirectory();
      temp.write("f", "1");
      temp.write("g", "2");
      const { dev, inode } = engine.paths.stat(temp.at("f"), { follow: true })!;
      const reader = open(temp);
      reader.openLarge(0, "f", { dev, inode }).close();
      assertEquals(assertThrows(() => reader.openLarge(0, "g", { dev, inode }), FileError).code, "ESTALE");
      reader.close();
    });
  });
}
