import { assertEquals, assertThrows } from "@std/assert";
import { afterEach, beforeEach, describe, it } from "@std/testing/bdd";
import { FileError, ProtocolError } from "../../../src/errors.ts";
import { sumRange } from "../../../src/files/target/content_digest.ts";
import { loadFileEngine } from "../../../src/files/load_engine.ts";
import type { FileEngine } from "../../../src/files/engine/engine.ts";
import { type TargetRoot } from "../../../src/files/engine/target_root.ts";
import { FileKind } from "../../../src/files/stat/file_stat.ts";
import { isSameTime, type TargetComparer } from "../../../src/files/engine/target_comparer.ts";
import { RecordCursor, RecordType } from "../../../src/protocol/data/records.ts";
import { record } from "../../protocol/record.ts";
import { listNames } from "../../support/files/list_names.ts";
import { randomBytes } from "../../support/files/random_bytes.ts";
import type { TempDirectory } from "../../support/files/temp.ts";
import { createTempTree } from "../../support/files/temp_tree.ts";

const ENGINES = Deno.build.os === "linux" ? ["native", "portable"] as const : ["portable"] as const;
const OPTIONS = { preserve: false, keepTimes: true, umask: 0o022, token: "test" };
const at = (mtime: number, mtimeNs: number) => ({ mtime, mtimeNs, mode: 0, uid: 0, gid: 0, atime: 0, atimeNs: 0 });

describe("isSameTime", () => {
  it("compares nanoseconds", () => {
    assertEquals(isSameTime(at(5, 123_456_789), at(5, 123_456_789)), true);
    assertEquals(isSameTime(at(5, 123_456_789), at(5, 123_456_788)), false);
    assertEquals(isSameTime(at(5, 0), at(6, 0)), false);
    assertEquals(isSameTime(at(-1, 1), at(-1, 1)), true);
  });

  it("treats a truncated time as equal, on either side", () => {
    for (const cut of [123_456_700, 123_456_000, 123_000_000, 0]) {
      assertEquals(isSameTime(at(5, 123_456_789), at(5, cut)), true, `${cut}`);
      assertEquals(isSameTime(at(5, cut), at(5, 123_456_789)), true, `${cut}`);
    }
    for (const other of [123_456_800, 123_457_000, 124_000_000, 122_000_000, 123_456_780]) {
      assertEquals(isSameTime(at(5, 123_456_789), at(5, other)), false, `${other}`);
    }
  });
});

for (const name of ENGINES) {
  describe(`TargetComparer (${name})`, () => {
    let engine: FileEngine;
    let tree: TempDirectory;
    let comparer: TargetComparer;
    beforeEach(async () => {
      ({ engine } = await loadFileEngine(name));
      tree = await createTempTree({
        ...{ "in/file": "contents", "in/link": { link: "file" }, "in/hard": { hardLink: "in/file" } },
        ...{ "planted": { link: "in" }, "in/directory": { directory: true } },
      });
      await open({ kind: "folder", path: tree.path, created: false });
    });
    afterEach(async () => {
      comparer.close();
      await tree[Symbol.asyncDispose]();
    });
    const open = async (root: TargetRoot) => comparer = await engine.targetComparer([root], OPTIONS);

    const enter = (path: string) => {
      const bytes = new TextEncoder().encode(`${path}\0`);
      return comparer.enter(0, bytes, 0, bytes.length - 1);
    };
    const recordOf = (name: string, type: number = RecordType.file, contents = "") => {
      const bytes = record({ type, name, contents });
      const cursor = new RecordCursor(bytes, 0, bytes.length, { plan: false });
      cursor.next();
      return [cursor, bytes] as const;
    };

    it("examines existing files, and creates nothing", () => {
      assertEquals([enter(""), enter("in"), enter("missing"), enter("missing/below")], [true, true, false, false]);
      enter("in");
      assertEquals(comparer.examine(...recordOf("missing")), false);
      for (
        const [name, kind] of [["file", FileKind.file], ["link", FileKind.symlink], ["directory", FileKind.directory]]
      ) {
        assertEquals(comparer.examine(...recordOf(name as string)), true);
        assertEquals([comparer.stat.kind, comparer.path], [kind as number, `${tree.path}/in/${name}`]);
      }
      assertEquals(listNames(tree.path), ["in", "planted"]);
    });

    it("follows no link, and refuses a file as a directory", () => {
      const link = assertThrows(() => enter("planted"), FileError) as FileError;
      const file = assertThrows(() => enter("in/file"), FileError) as FileError;
      assertEquals([link.code, file.code], ["ELOOP", "ENOTDIR"]);
      assertThrows(() => enter("planted/directory"), FileError);
    });

    it("recognizes the links of records", () => {
      enter("in");
      comparer.examine(...recordOf("link"));
      assertEquals(comparer.isLink(...recordOf("link", RecordType.symlink, "file")), true);
      assertEquals(comparer.isLink(...recordOf("link", RecordType.symlink, "file2")), false);
      comparer.examine(...recordOf("hard"));
      assertEquals(comparer.isLink(...recordOf("hard", RecordType.hardlink, "in/file")), true);
      assertEquals(comparer.isLink(...recordOf("hard", RecordType.hardlink, "in/missing")), false);
      assertEquals(comparer.isLink(...recordOf("hard", RecordType.hardlink, "in/link")), false);
      assertEquals(comparer.isLink(...recordOf("hard", RecordType.symlink, "in/file")), false);
      assertThrows(() => comparer.isLink(...recordOf("hard", RecordType.hardlink, "../x")), ProtocolError);
    });

    it("digests a file in pieces, and reports a shorter file", async () => {
      const large = randomBytes((2 << 20) + 5, "large");
      await Deno.writeFile(`${tree.path}/in/large`, large);
      enter("in");
      comparer.examine(...recordOf("large"));
      const reader = comparer.open();
      let pauses = 0;
      const digest = (start: number, end: number) =>
        sumRange(reader, start, end, () => void pauses++).then((sum) => sum?.digest);
      for (const [start, end] of [[0, large.length], [0, 0], [1 << 20, 2 << 20], [3, (1 << 20) + 4]]) {
        const expected = new Uint8Array(await crypto.subtle.digest("SHA-256", large.slice(start, end)));
        assertEquals(new Uint8Array((await digest(start, end))!), expected, `${start} to ${end}`);
      }
      assertEquals(pauses, 3 + 0 + 1 + 2);
      assertEquals(await digest(0, large.length + 1), undefined);
      reader.close();
    });

    it("sets only the modification time without preserve", () => {
      enter("in");
      comparer.examine(...recordOf("file"));
      const { mode } = comparer.stat;
      comparer.updateAttributes({ ...at(1_000_000_000, 789_000_000), mode: 0o777 });
      comparer.examine(...recordOf("file"));
      assertEquals([comparer.stat.mtime, comparer.stat.mtimeNs], [1_000_000_000, 789_000_000]);
      assertEquals(comparer.stat.mode, mode);
    });

    it("finds nothing below a missing directory, and a file by its new name", async () => {
      await open({ kind: "folder", path: `${tree.path}/new`, created: true });
      assertEquals([enter(""), enter("in")], [false, false]);
      await open({ kind: "file", directory: `${tree.path}/in`, name: "file" });
      assertEquals([enter(""), comparer.examine(...recordOf("")), comparer.stat.size], [true, true, 8]);
      assertThrows(() => comparer.examine(...recordOf("x")), ProtocolError);
      assertThrows(() => enter("x"), ProtocolError);
    });
  });
}
