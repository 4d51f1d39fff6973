import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { FileEngine } from "../../src/files/engine/engine.ts";
import type { Target } from "../../src/files/engine/target.ts";
import { isPrivateName } from "../../src/files/path/private_names.ts";
import { RecordType } from "../../src/protocol/data/records.ts";
import { applyRecords, ENGINES, TempDirectory } from "../files/file_engines.ts";
import { watchCalls } from "./watched_calls.ts";

const OPTIONS = { preserve: false, umask: 0o022, token: "test" };
const WRITE = ["write", "pwrite", "writeSync"];

/** Temporary files of a copy, as seen before each call of its engine. */
interface Seen {
  /** Modes of temporary files, in order. */
  modes: number[];
  /** Calls after the last change of a mode, up to the rename. */
  after: string[];
}

/** Watches the directory while a file is written. */
function seenWhile(directory: TempDirectory, act: () => void): Seen {
  const seen: Seen = { modes: [], after: [] };
  using _ = watchCalls((call) => {
    for (const { name } of Deno.readDirSync(directory.path)) {
      if (!isPrivateName(name)) continue;
      const mode = Deno.lstatSync(directory.at(name)).mode! & 0o7777;
      if (seen.modes.at(-1) !== mode) {
        seen.modes.push(mode);
        seen.after.length = 0;
      }
    }
    seen.after.push(call);
  });
  act();
  return seen;
}

function writeSmall(writer: Target, mode: number): void {
  applyRecords(writer, [[RecordType.enter, ""], [RecordType.file, "f", "new", mode]]);
}

function writeLarge(writer: Target, mode: number): void {
  const partial = writer.partials.create(0, "f", 3);
  const ranges = writer.partials.open(partial);
  ranges.writeAt(new TextEncoder().encode("new"), 0, 3, 0);
  ranges.close();
  writer.partials.commit(partial, { mode, uid: 0, gid: 0, mtime: 5, mtimeNs: 0, atime: 5, atimeNs: 0 });
}

const SUITE = "modes of temporary files";
const KINDS = [["a small", writeSmall], ["a large", writeLarge]] as const;

for (const { title, make } of ENGINES) {
  describe(`${SUITE} (${title})`, { ignore: Deno.build.os === "windows" }, () => {
    const engine: FileEngine = make();
    const writerInto = (directory: TempDirectory, more = {}) =>
      engine.openTarget([{ kind: "folder", path: directory.path, created: false }], { ...OPTIONS, ...more });

    for (const [kind, write] of KINDS) {
      it(`${kind} new file keeps the mode 0600 until right before the rename`, () => {
        for (const mode of [0o700, 0o755, 0o777]) {
          for (const preserve of [false, true]) {
            using directory = new TempDirectory();
            Deno.chmodSync(directory.path, mode);
            const writer = writerInto(directory, { preserve });
            const { modes, after } = seenWhile(directory, () => write(writer, 0o664));
            writer.close();
            const final = preserve ? 0o664 : 0o644;
            assertEquals(modes, [0o600, final]);
            assertEquals(after.some((call) => WRITE.includes(call) || call.startsWith("f")), false, after.join());
            assertEquals(Deno.statSync(directory.at("f")).mode! & 0o7777, final);
          }
        }
      });

      it(`${kind} file never exceeds the mode of the file that it replaces`, () => {
        for (const mode of [0o755, 0o777]) {
          for (const old of [0o600, 0o640, 0o400, 0o606]) {
            using directory = new TempDirectory();
            Deno.chmodSync(directory.path, mode);
            directory.write("f", "old", old);
            const writer = writerInto(directory);
            const { modes } = seenWhile(directory, () => write(writer, 0o666));
            writer.close();
            // A temporary file is readable and writable for its owner.
            assertEquals(modes.filter((mode) => ((mode & ~0o600) & ~old) !== 0), [], modes.map(octal).join());
            assertEquals(Deno.statSync(directory.at("f")).mode! & 0o7777, old);
          }
        }
      });
    }

    it("a replaced file keeps its mode in a directory that is closed to others", () => {
      using directory = new TempDirectory();
      Deno.chmodSync(directory.path, 0o700);
      directory.write("f", "old", 0o640);
      const writer = writerInto(directory);
      writeSmall(writer, 0o666);
      writer.close();
      assertEquals(Deno.statSync(directory.at("f")).mode! & 0o7777, 0o640);
    });
  });
}

function octal(mode: number): string {
  return mode.toString(8);
}
