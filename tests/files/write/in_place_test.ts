import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FileError } from "../../../src/errors.ts";
import type { FileEngine } from "../../../src/files/engine/engine.ts";
import type { Target } from "../../../src/files/engine/target.ts";
import type { TargetRoot } from "../../../src/files/engine/target_root.ts";
import { OWN_RULES } from "../../../src/files/path/name_rules.ts";
import { createPortableEngine } from "../../../src/files/portable/engine.ts";
import { putInt53, RecordField, RecordType } from "../../../src/protocol/data/records.ts";
import { JournalWriter } from "../../../src/resume/partial/journal_writer.ts";
import { OTHER_USER } from "../../support/files/plain_rights.ts";
import { applyRecord, ENGINES, frameOf, isNativeHere, isRoot, TempDirectory } from "../file_engines.ts";

const ATTRIBUTES = { mode: 0o644, uid: 0, gid: 0, mtime: 1e9, mtimeNs: 0, atime: 1e9, atimeNs: 0 };
const SIZE = 1 << 20;

function open(engine: FileEngine, directory: TempDirectory, more = {}): Target {
  const root: TargetRoot = { kind: "folder", path: directory.path, created: false };
  return engine.openTarget([root], { preserve: false, umask: 0o022, token: "test", inplace: true, ...more });
}

function writeSmall(target: Target, name: string, contents: string): void {
  const { frame, cursor } = frameOf([[RecordType.enter, ""], [RecordType.file, name, contents]]);
  while (cursor.next()) {
    if (cursor.type === RecordType.file) {
      putInt53(new DataView(frame.buffer), cursor.start + RecordField.mtime, ATTRIBUTES.mtime);
    }
    applyRecord(target, cursor, frame);
  }
}

async function writeLarge(target: Target, name: string): Promise<void> {
  const { partial } = await target.partials.begin(0, name, SIZE);
  assertEquals([partial.inPlace, partial.temporary], [true, name]);
  const writer = target.partials.open(partial);
  writer.writeAt(new Uint8Array(SIZE).fill(7), 0, SIZE, 0);
  writer.close();
  target.partials.commit(partial, ATTRIBUTES);
}

for (const { title, make } of ENGINES) {
  describe(`files that are written in place (${title})`, () => {
    const engine = make();

    it("keep owner and mode, and get the time of the source with keepTimes", { ignore: !isRoot }, async () => {
      for (const directoryMode of [0o700, 0o755, 0o777]) {
        for (const keepTimes of [false, true]) {
          using directory = new TempDirectory();
          Deno.chmodSync(directory.path, directoryMode);
          for (const name of ["small", "large"]) {
            Deno.chownSync(directory.write(name, "old"), OTHER_USER, OTHER_USER);
            Deno.chmodSync(directory.at(name), 0o600);
          }
          const target = open(engine, directory, { keepTimes });
          // The directory gets a new file first, so that the native engine expects no existing ones.
          writeSmall(target, "new", "new");
          writeSmall(target, "small", "new contents");
          await writeLarge(target, "large");
          target.close();
          for (const [name, size] of [["small", 12], ["large", SIZE]] as const) {
            const info = Deno.statSync(directory.at(name));
            assertEquals([info.uid, info.gid, info.mode! & 0o7777, info.size], [OTHER_USER, OTHER_USER, 0o600, size]);
            assertEquals(info.mtime!.getTime() === 1e12, keepTimes);
          }
        }
      }
    });

    it("remove the partial file and the journal of an earlier copy", async () => {
      using directory = new TempDirectory();
      using state = new TempDirectory();
      const record = state.at("record");
      const about = { record, target: directory.at("f") };
      const earlier = open(engine, directory, { inplace: false });
      const source = { size: SIZE, mtime: 1, mtimeNs: 0, identity: "1:2" };
      const { partial } = await earlier.partials.begin(0, "f", SIZE, { resumable: { ...about, source } });
      const journal = new JournalWriter(partial.journal!);
      journal.append(0, 100, 0);
      journal.close();
      earlier.abort({ keepPartials: true });
      earlier.close();
      assertEquals([directory.list(), state.list()], [[partial.temporary], ["record"]]);
      directory.write("f", "old");
      const target = open(engine, directory);
      assertEquals(
        (await target.partials.begin(0, "f", SIZE, { resumable: { ...about, source } })).partial.inPlace,
        true,
      );
      target.close();
      assertEquals([directory.list(), state.list()], [["f"], []]);
    });
  });

  describe(`a large file that is its own source (${title})`, () => {
    const engine = make();

    it("is read, flushed and committed without write permission", { ignore: !isNativeHere }, async () => {
      using directory = new TempDirectory();
      // Nobody, not even root, can open the executable of a process for writing.
      Deno.copyFileSync("/bin/sleep", directory.at("f"));
      const { size } = Deno.statSync(directory.at("f"));
      const process = new Deno.Command(directory.at("f"), { args: ["600"] }).spawn();
      try {
        const root = { kind: "file", directory: directory.path, name: "f", same: true } as const;
        const target = engine.openTarget([root], { preserve: false, umask: 0, token: "test", sparse: true });
        const { partial } = await target.partials.begin(0, "", size);
        assertEquals(partial.same, true);
        const writer = target.partials.open(partial);
        assertEquals(writer.path, directory.at("f"));
        writer.writeAt(new Uint8Array(8), 0, 8, 0);
        writer.zerosAt(0, 8);
        writer.close();
        const reader = target.partials.read(partial);
        assertEquals(reader.readAt(new Uint8Array(4), 0, 4, 0), 4);
        reader.close();
        await target.partials.sync(partial);
        assertEquals(target.partials.commit(partial, ATTRIBUTES), undefined);
        target.close();
      } finally {
        process.kill("SIGKILL");
        await process.status;
      }
      assertEquals(Deno.readFileSync(directory.at("f")), Deno.readFileSync("/bin/sleep"));
    });
  });
}

describe("an existing file on a system that ignores case", () => {
  it("is not written in place under a name that differs in case", async () => {
    using directory = new TempDirectory();
    directory.write("readme", "old");
    const rules = { ...OWN_RULES, ignoresCase: true, realPath: (path: string) => path.replace(/[^/]*$/, "README") };
    const target = open(createPortableEngine(rules), directory);
    const refused = async (act: () => Promise<unknown>) => {
      const { code, message } = await assertRejects(act, FileError);
      assertEquals([code, message.includes("differs only in case")], ["EEXIST", true], message);
    };
    await refused(() => Promise.resolve().then(() => writeSmall(target, "readme", "new")));
    await refused(() => target.partials.begin(0, "readme", SIZE));
    target.close();
    assertEquals(Deno.readTextFileSync(directory.at("readme")), "old");
  });
});
