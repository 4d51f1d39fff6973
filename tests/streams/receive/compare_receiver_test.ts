import { assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  ComparePhase,
  CompareResult,
  DIGEST_ENTRY_BYTES,
  NO_DIGEST,
  writeDigest,
} from "../../../src/protocol/data/compare.ts";
import { putUint53, RecordField, RecordType } from "../../../src/protocol/data/records.ts";
import type { TargetRoot } from "../../../src/files/engine/target_root.ts";
import { backupName } from "../../../src/files/path/temporary_names.ts";
import { isLeftoverName } from "../../../src/resume/clean/leftovers.ts";
import { CompareReceiver } from "../../../src/streams/receive/compare_receiver.ts";
import { EventLoopYielder } from "../../../src/async/event_loop_yielder.ts";
import { ENGINES, TempDirectory } from "../../files/file_engines.ts";
import { record, type TestRecord } from "../../protocol/record.ts";

const SIZE = 8;
const ROOT: TestRecord = { type: RecordType.enter, name: "" };

/** A file of SIZE bytes, as in a plan. */
function file(name: string): Uint8Array<ArrayBuffer> {
  const bytes = record({ type: RecordType.file, name });
  putUint53(new DataView(bytes.buffer), RecordField.size, SIZE);
  return bytes;
}

interface AskOptions {
  last: boolean;
  digest?: Uint8Array;
  /** Called when the file has been opened. */
  opened?: () => void;
  /** Whether its backup belongs to this copy. */
  kept?: boolean;
}

for (const { title, make } of ENGINES) {
  describe(`an entry that is verified (${title})`, () => {
    /** Compares one entry. Returns the outcome. */
    async function ask(directory: TempDirectory, entry: Uint8Array<ArrayBuffer>, options: AskOptions) {
      return (await compare(directory, entry, options)).outcome;
    }

    /** Compares one entry. Returns the outcome, and the files that have lost their names. */
    async function compare(
      directory: TempDirectory,
      entry: Uint8Array<ArrayBuffer>,
      { last, digest, opened, kept = false }: AskOptions,
    ) {
      const roots: TargetRoot[] = [{ kind: "folder", path: directory.path, created: false }];
      const comparer = await make().targetComparer(
        roots,
        { preserve: false, umask: 0o022, token: "test", keepBackups: true },
      );
      const open = comparer.open.bind(comparer);
      comparer.open = () => {
        const reader = open();
        opened?.();
        return reader;
      };
      const yielder = new EventLoopYielder();
      const isKept = () => Promise.resolve(kept);
      const receiver = new CompareReceiver(comparer, {
        roots,
        yielder,
        verifies: true,
        digests: true,
        isKept,
      });
      const root = record(ROOT);
      const recordsBytes = root.length + entry.length;
      const bytes = new Uint8Array(recordsBytes + (digest ? DIGEST_ENTRY_BYTES : 0));
      const view = new DataView(bytes.buffer);
      bytes.set(root);
      bytes.set(entry, root.length);
      if (digest) writeDigest(bytes, view, recordsBytes, { start: 0, end: SIZE, digest });
      const phase = digest ? ComparePhase.digest : ComparePhase.stat;
      const header = { unit: 0, attempt: 0, phase, verify: true, last, recordsBytes };
      const { report, outcomes } = await receiver.receive(header, bytes, view, 0, bytes.length);
      comparer.close();
      yielder.close();
      assertEquals([report.failures, outcomes.length], [[], 1]);
      return { outcome: outcomes[0], lost: report.lost };
    }

    const WRONG = new Uint8Array(32).fill(1);

    it("loses its name if it is wrong for the second time, by stat or by digest", async () => {
      for (const [contents, digest] of [["contents", WRONG], ["shorter", WRONG], ["shorter", undefined]] as const) {
        using directory = new TempDirectory();
        directory.write("x", contents);
        const outcome = await ask(directory, file("x"), { last: true, digest });
        const [name] = directory.list();
        assertEquals(directory.list().length, 1);
        assertEquals([isLeftoverName(name), Deno.readTextFileSync(directory.at(name))], [true, contents]);
        if (typeof outcome === "number") throw new Error(`the answer is ${outcome}`);
        assertEquals([outcome.code, outcome.path], ["ECHECKSUM", directory.at("x")]);
        assertMatch(outcome.hint, new RegExp(`It is kept as ${name}`));
      }
    });

    it("is replaced by its backup if it is wrong, before it is sent again", async () => {
      using directory = new TempDirectory();
      directory.write("x", "contents");
      directory.write(backupName("test", new TextEncoder().encode("x")), "former");
      assertEquals(
        await ask(directory, file("x"), { last: false, digest: WRONG, kept: true }),
        CompareResult.different,
      );
      const [left, ...others] = directory.list();
      assertEquals([others, Deno.readTextFileSync(directory.at("x"))], [["x"], "former"]);
      assertEquals([isLeftoverName(left), Deno.readTextFileSync(directory.at(left))], [true, "contents"]);
    });

    it("is reported as lost, for the manifest, unless it is sent again and may be right", async () => {
      using directory = new TempDirectory();
      directory.write("x", "contents");
      assertEquals((await compare(directory, file("x"), { last: false, digest: NO_DIGEST })).lost, undefined);
      assertEquals((await compare(directory, file("x"), { last: true, digest: NO_DIGEST })).lost, [{
        root: 0,
        path: "x",
      }]);
      assertEquals((await compare(directory, file("gone"), { last: false, digest: WRONG })).lost, [{
        root: 0,
        path: "gone",
      }]);
      assertEquals((await compare(directory, file("x"), { last: false, digest: WRONG })).lost, [{
        root: 0,
        path: "x",
      }]);
    });

    it("is not replaced by a file that another user has put in place of its backup", async () => {
      using directory = new TempDirectory();
      const backup = backupName("test", new TextEncoder().encode("x"));
      directory.write("x", "contents");
      directory.write(backup, "planted");
      assertEquals(await ask(directory, file("x"), { last: false, digest: WRONG }), CompareResult.different);
      const [left, ...others] = directory.list().filter((name) => name !== backup);
      assertEquals([others, isLeftoverName(left)], [[], true]);
      assertEquals(Deno.readTextFileSync(directory.at(backup)), "planted");
    });

    it("stays if it was written again while the wrong one was read", async () => {
      using directory = new TempDirectory();
      directory.write("x", "contents");
      directory.write("again", "right");
      const opened = () => Deno.renameSync(directory.at("again"), directory.at("x"));
      assertEquals(await ask(directory, file("x"), { last: false, digest: WRONG, opened }), CompareResult.different);
      assertEquals([directory.list(), Deno.readTextFileSync(directory.at("x"))], [["x"], "right"]);
    });

    it("keeps its name if the sender cannot read the source, or if it is a directory", async () => {
      using directory = new TempDirectory();
      directory.write("x", "contents");
      directory.directory("directory");
      assertEquals(await ask(directory, file("x"), { last: true, digest: NO_DIGEST }), CompareResult.different);
      assertEquals(await ask(directory, file("x"), { last: true }), CompareResult.undecided);
      assertEquals(await ask(directory, file("directory"), { last: true, digest: WRONG }), CompareResult.different);
      assertEquals(await ask(directory, file("missing"), { last: true, digest: WRONG }), CompareResult.missing);
      assertEquals(directory.list(), ["directory/", "x"]);
    });
  });
}
