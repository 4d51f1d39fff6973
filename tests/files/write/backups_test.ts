import { assert, assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { FileEngine } from "../../../src/files/engine/engine.ts";
import type { TargetRoot } from "../../../src/files/engine/target_root.ts";
import { isTemporaryName } from "../../../src/files/path/private_names.ts";
import { RecordType } from "../../../src/protocol/data/records.ts";
import { applyRecords, ENGINES, frameOf, TempDirectory } from "../file_engines.ts";
import { listNames } from "../../support/files/list_names.ts";

const OPTIONS = { umask: 0o022, token: "test", keepBackups: true };
const ATTRIBUTES = { mode: 0o644, uid: 0, gid: 0, mtime: 5, mtimeNs: 0, atime: 5, atimeNs: 0 };

for (const { title, make } of ENGINES) {
  for (const preserve of [false, true]) {
    describe(`backup of a replaced file (${title}${preserve ? ", -p" : ""})`, () => {
      const engine = make();

      it("is removed when the file is verified", async () => {
        using directory = filled();
        write(engine, directory, preserve);
        const kept = hidden(directory);
        assertEquals(kept.map((name) => read(directory, name)).sort(), ["-> old", "old file"]);
        assert(kept.every(isTemporaryName), kept.join());
        await judge(engine, directory, preserve, (comparer) => comparer.dropBackup());
        assertEquals([hidden(directory), contentsOf(directory)], [[], NEW]);
      });

      it("is restored if the verification fails, and the rejected file stays beside it", async () => {
        using directory = filled();
        write(engine, directory, preserve);
        const names = await judge(engine, directory, preserve, (comparer) => comparer.revert(comparer.backup()));
        assertEquals(contentsOf(directory), OLD);
        assertEquals(hidden(directory), names.toSorted());
        assertEquals(names.map((name) => read(directory, name)), ["new file", "-> new", "only new"]);
        for (const name of names) assertMatch(name, /^\.escp-unverified-/);
      });

      it("stays the file from before the copy, even if the copy writes twice", async () => {
        using directory = filled();
        for (let times = 0; times < 2; times++) {
          write(engine, directory, preserve);
          await judge(engine, directory, preserve, (comparer) => comparer.revert(comparer.backup()));
          assertEquals(contentsOf(directory), OLD);
        }
      });

      it("stays the file from before the copy, even if the copy is resumed", async () => {
        using directory = filled();
        write(engine, directory, preserve);
        write(engine, directory, preserve);
        await judge(
          engine,
          directory,
          preserve,
          (comparer) => comparer.path.endsWith("added") || comparer.revert(comparer.backup()),
        );
        assertEquals(contentsOf(directory), { ...OLD, added: "only new" });
      });

      it("stays restored if another range of the file fails too", async () => {
        using directory = filled();
        write(engine, directory, preserve);
        const first = await judge(engine, directory, preserve, (comparer) => comparer.revert(comparer.backup()));
        const second = await judge(engine, directory, preserve, (comparer) => comparer.revert(comparer.backup()));
        assertEquals(second, first.slice(0, 2));
        assertEquals(contentsOf(directory), OLD);
        // The next copy of the file starts over.
        write(engine, directory, preserve);
        assertEquals(hidden(directory).length, 2);
        await judge(engine, directory, preserve, (comparer) => comparer.dropBackup());
        assertEquals([hidden(directory), contentsOf(directory)], [[], NEW]);
      });

      it("is restored on a file system without hard links for the rejected file", async () => {
        using directory = filled();
        write(engine, directory, preserve);
        // A directory cannot have hard links.
        Deno.removeSync(directory.at("file"));
        directory.directory("file");
        const [wrong] = await judge(engine, directory, preserve, (comparer) => comparer.revert(comparer.backup()));
        assertEquals([Deno.statSync(directory.at(wrong)).isDirectory, read(directory, "file")], [true, "old file"]);
      });

      it("is created for a large file too", () => {
        using directory = filled();
        const writer = engine.openTarget([rootAt(directory)], { ...OPTIONS, preserve });
        writer.partials.commit(writer.partials.create(0, "file", 0), ATTRIBUTES);
        writer.close();
        assertEquals(hidden(directory).map((name) => read(directory, name)), ["old file"]);
      });

      it("is not created without verification", () => {
        using directory = filled();
        write(engine, directory, preserve, { keepBackups: false });
        assertEquals([hidden(directory), contentsOf(directory)], [[], NEW]);
      });
    });
  }
}

const OLD = { file: "old file", link: "-> old" };
const NEW = { added: "only new", file: "new file", link: "-> new" };
const RECORDS: Parameters<typeof frameOf>[0] = [
  [RecordType.enter, ""],
  [RecordType.file, "file", "new file"],
  [RecordType.symlink, "link", "new"],
  [RecordType.file, "added", "only new"],
];

function filled(): TempDirectory {
  const directory = new TempDirectory();
  directory.write("file", "old file");
  Deno.symlinkSync("old", directory.at("link"));
  return directory;
}

function rootAt({ path }: TempDirectory): TargetRoot {
  return { kind: "folder", path, created: false };
}

function write(engine: FileEngine, directory: TempDirectory, preserve: boolean, options = {}): void {
  const writer = engine.openTarget([rootAt(directory)], { ...OPTIONS, preserve, ...options });
  applyRecords(writer, RECORDS);
  writer.close();
}

/** Calls `act` for each existing entry. */
async function judge<Result>(
  engine: FileEngine,
  directory: TempDirectory,
  preserve: boolean,
  act: (comparer: Awaited<ReturnType<FileEngine["targetComparer"]>>) => Result,
): Promise<Result[]> {
  const comparer = await engine.targetComparer([rootAt(directory)], { ...OPTIONS, preserve });
  const { frame, cursor } = frameOf(RECORDS);
  const results: Result[] = [];
  while (cursor.next()) {
    if (cursor.type === RecordType.enter) comparer.enter(0, frame, cursor.nameStart, cursor.nameEnd);
    else if (comparer.examine(cursor, frame)) results.push(act(comparer));
  }
  comparer.close();
  return results;
}

function read(directory: TempDirectory, name: string): string {
  const path = directory.at(name);
  return Deno.lstatSync(path).isSymlink ? `-> ${Deno.readLinkSync(path)}` : Deno.readTextFileSync(path);
}

const namesIn = (directory: TempDirectory) => listNames(directory.path);
const hidden = (directory: TempDirectory) => namesIn(directory).filter((name) => name.startsWith("."));

function contentsOf(directory: TempDirectory): Record<string, string> {
  const names = namesIn(directory).filter((name) => !name.startsWith("."));
  return Object.fromEntries(names.map((name) => [name, read(directory, name)]));
}
