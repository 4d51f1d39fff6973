import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { FileEngine } from "../../src/files/engine/engine.ts";
import type { KeptBackup } from "../../src/files/engine/target_place.ts";
import type { TargetRoot } from "../../src/files/engine/target_root.ts";
import { backupName } from "../../src/files/path/temporary_names.ts";
import { identityOf } from "../../src/files/stat/file_identity.ts";
import { RecordType } from "../../src/protocol/data/records.ts";
import { encodeName } from "../../src/protocol/names.ts";
import { StateDirectory } from "../../src/resume/state_directory.ts";
import { KeptBackups } from "../../src/transfer/receive/kept_backups.ts";
import type { ReceiveOptions } from "../../src/transfer/receive/receive_options.ts";
import { ResumeRecord } from "../../src/transfer/receive/resume_record.ts";
import { applyRecords, ENGINES, frameOf, TempDirectory } from "../files/file_engines.ts";
import { listNames } from "../support/files/list_names.ts";
import "../support/escp/state.ts";

const OPTIONS = { preserve: false, umask: 0o022, token: "test", keepBackups: true };
const BACKUPS = ["file", "link"].map((name) => backupName("test", encodeName(name)));
const RECORDS: Parameters<typeof frameOf>[0] = [
  [RecordType.enter, ""],
  [RecordType.file, "file", "new"],
  [RecordType.symlink, "link", "new"],
];

/** Creates a directory that every user can write to, with a file and a link to be replaced. */
function filled(): TempDirectory {
  const directory = new TempDirectory();
  directory.write("file", "old");
  Deno.symlinkSync("old", directory.at("link"));
  Deno.chmodSync(directory.path, 0o777);
  return directory;
}

function rootOf({ path }: TempDirectory): TargetRoot {
  return { kind: "folder", path, created: false };
}

/** Replaces both. @returns backups that the writer reports. */
function replace(engine: FileEngine, directory: TempDirectory): KeptBackup[] {
  const writer = engine.openTarget([rootOf(directory)], OPTIONS);
  applyRecords(writer, RECORDS);
  const kept = writer.small.takeBackups();
  assertEquals(writer.small.takeBackups(), []);
  writer.close();
  return kept;
}

/** Reverts both, with the known backups. */
async function revert(engine: FileEngine, directory: TempDirectory, kept: KeptBackups): Promise<void> {
  const comparer = await engine.targetComparer([rootOf(directory)], OPTIONS);
  const { frame, cursor } = frameOf(RECORDS);
  for (const name of ["", "file", "link"]) {
    cursor.next();
    if (name === "") comparer.enter(0, frame, cursor.nameStart, cursor.nameEnd);
    else {
      comparer.examine(cursor, frame);
      const identity = comparer.backup();
      comparer.revert(identity && kept.has({ root: 0, path: name, identity }) ? identity : undefined);
    }
  }
  comparer.close();
}

const namesIn = (directory: TempDirectory) => listNames(directory.path).filter((name) => !name.startsWith(".escp-"));

for (const { title, make } of ENGINES) {
  describe(`backups of replaced files (${title})`, () => {
    const engine = make();

    it("a backup is reported with its identity and restored", async () => {
      using directory = filled();
      const before = ["file", "link"].map((name) => identityOf(Deno.lstatSync(directory.at(name))));
      const reported = replace(engine, directory);
      assertEquals(reported, ["file", "link"].map((path, index) => ({ root: 0, path, identity: before[index] })));
      const kept = new KeptBackups(undefined);
      kept.add(reported);
      await revert(engine, directory, kept);
      assertEquals([Deno.readTextFileSync(directory.at("file")), Deno.readLinkSync(directory.at("link"))], [
        "old",
        "old",
      ]);
    });

    it("a file planted in place of a backup is not restored", async () => {
      using directory = filled();
      const kept = new KeptBackups(undefined);
      kept.add(replace(engine, directory));
      // Keeps the inode from being reused.
      using _old = Deno.openSync(directory.at(BACKUPS[0]));
      for (const backup of BACKUPS) {
        Deno.renameSync(directory.at(backup), directory.at(`moved ${backup}`));
        directory.write(backup, "planted");
      }
      await revert(engine, directory, kept);
      assertEquals(namesIn(directory).filter((name) => !name.startsWith("moved")), []);
      for (const backup of BACKUPS) assertEquals(Deno.readTextFileSync(directory.at(backup)), "planted");
    });

    it("a file planted before the backup is made is not restored", async () => {
      using directory = filled();
      for (const backup of BACKUPS) directory.write(backup, "planted");
      const reported = replace(engine, directory);
      assertEquals(reported, []);
      const kept = new KeptBackups(undefined);
      kept.add(reported);
      await revert(engine, directory, kept);
      assertEquals(namesIn(directory), []);
    });

    it("a later run of the copy knows its backups, and no other files", async () => {
      using directory = filled();
      const options = {
        ...{ target: directory.path, base: "/", job: { resume: true, verify: true } },
        machine: { files: engine, state: new StateDirectory() },
        session: { features: ["rerun"] },
      } as unknown as ReceiveOptions;
      const source = { operand: 0, name: ".", kind: "folder" as const, dev: 1, inode: 2 };
      const remembered = async () => {
        const memory = await ResumeRecord.find(options, [source]);
        await memory.begin([rootOf(directory)], { files: 2, bytes: 0, complete: true });
        return memory;
      };
      const first = await remembered();
      first.addFiles(Uint32Array.of(1, 2));
      const reported = replace(engine, directory);
      new KeptBackups(first).add(reported);
      first.close();
      const second = await remembered();
      const kept = new KeptBackups(second);
      for (const backup of reported) {
        assertEquals(kept.has(backup), true);
        const { dev, inode } = backup.identity;
        assertEquals(kept.has({ ...backup, identity: { dev, inode: inode + 1 } }), false);
        assertEquals(kept.has({ ...backup, path: "other" }), false);
      }
      second.complete();
      second.close();
    });
  });
}
