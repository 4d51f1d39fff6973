import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FileError } from "../../src/errors.ts";
import type { FileEngine } from "../../src/files/engine/engine.ts";
import type { Target } from "../../src/files/engine/target.ts";
import type { TargetRoot } from "../../src/files/engine/target_root.ts";
import { isPrivateName } from "../../src/files/path/private_names.ts";
import { RecordType } from "../../src/protocol/data/records.ts";
import { applyRecords, ENGINES, TempDirectory } from "../files/file_engines.ts";
import { untilTrue } from "../support/escp/interruptions.ts";
import { listNames } from "../support/files/list_names.ts";
import { describeWithScene, type Variant, variantName, VARIANTS } from "../support/scene.ts";
import { partialFile } from "../support/escp/temporary_files.ts";
import { actBefore, NAMING_CALLS, watchCalls } from "./watched_calls.ts";

const { enter, file, symlink, hardlink } = RecordType;
const OPTIONS = { preserve: false, umask: 0o022, token: "test" };
const ATTRIBUTES = { mode: 0o644, uid: 0, gid: 0, mtime: 5, mtimeNs: 0, atime: 5, atimeNs: 0 };
const PLANTED = "planted";
const REFUSED = "another file has taken the place of its temporary file";

/** Creates a directory that every user can write to. */
function shared(): TempDirectory {
  const directory = new TempDirectory();
  Deno.chmodSync(directory.path, 0o777);
  return directory;
}

function writerInto(engine: FileEngine, directory: TempDirectory, more = {}): Target {
  const root: TargetRoot = { kind: "folder", path: directory.path, created: false };
  return engine.openTarget([root], { ...OPTIONS, ...more });
}

/** Returns the path of the oldest temporary file. */
function temporaryIn(directory: TempDirectory): string {
  return directory.at(
    listNames(directory.path).filter(isPrivateName)[0],
  );
}

/** Exchanges the temporary file, as any user can who may write to the directory. */
function plant(directory: TempDirectory): void {
  const temporary = temporaryIn(directory);
  Deno.removeSync(temporary);
  Deno.writeTextFileSync(temporary, PLANTED);
}

function refused(act: () => void): void {
  const error = assertThrows(act, FileError);
  assertEquals([error.code, error.message.endsWith(REFUSED)], ["ESTALE", true], error.message);
}

for (const { title, make } of ENGINES) {
  describe(`planted files (${title})`, () => {
    const engine = make();

    for (const preserve of [false, true]) {
      const how = preserve ? ", -p" : "";

      it(`a planted file is not published as a small file, and the old file stays${how}`, () => {
        for (const old of ["old", undefined]) {
          using directory = shared();
          if (old) directory.write("f", old);
          const writer = writerInto(engine, directory, { preserve });
          using _ = actBefore(NAMING_CALLS, () => plant(directory));
          refused(() => applyRecords(writer, [[enter, ""], [file, "f", "new"]]));
          writer.close();
          assertEquals(directory.list().filter((name) => !isPrivateName(name)), old ? ["f"] : []);
          if (old) assertEquals(Deno.readTextFileSync(directory.at("f")), old);
        }
      });

      it(`a planted file is not published as a large file, and the old file stays${how}`, () => {
        for (const mode of [0o777, 0o755]) {
          using directory = shared();
          Deno.chmodSync(directory.path, mode);
          directory.write("f", "old");
          const writer = writerInto(engine, directory, { preserve });
          const partial = writer.partials.create(0, "f", 7);
          plant(directory);
          refused(() => writer.partials.commit(partial, ATTRIBUTES));
          writer.partials.discard(partial);
          writer.close();
          assertEquals(Deno.readTextFileSync(directory.at("f")), "old");
          assertEquals(Deno.readTextFileSync(temporaryIn(directory)), PLANTED);
        }
      });

      it(`a file planted right before the rename is not published as a large file${how}`, () => {
        using directory = shared();
        directory.write("f", "old");
        const writer = writerInto(engine, directory, { preserve });
        const partial = writer.partials.create(0, "f", 3);
        using _ = actBefore(NAMING_CALLS, () => plant(directory));
        refused(() => writer.partials.commit(partial, ATTRIBUTES));
        writer.close();
        assertEquals(Deno.readTextFileSync(directory.at("f")), "old");
      });
    }

    it("a stream writes neither to a planted file nor to the target of a planted link", () => {
      for (const asLink of [false, true]) {
        using directory = shared();
        directory.write("secret", "secret");
        const writer = writerInto(engine, directory);
        const partial = structuredClone(writer.partials.create(0, "f", 6));
        const temporary = temporaryIn(directory);
        Deno.removeSync(temporary);
        if (asLink) Deno.symlinkSync("secret", temporary);
        else Deno.linkSync(directory.at("secret"), temporary);
        const other = writerInto(engine, directory);
        refused(() => other.partials.open(partial));
        other.close();
        writer.abort();
        writer.close();
        assertEquals(Deno.readTextFileSync(directory.at("secret")), "secret");
      }
    });

    it("a planted file is not published as a link", () => {
      for (const [type, target] of [[symlink, "elsewhere"], [hardlink, "first"]] as const) {
        using directory = shared();
        directory.write("first", "first");
        const writer = writerInto(engine, directory);
        // The native engine opens the new link, the portable one examines it.
        let made = false;
        using _ = watchCalls((name) => {
          if (made && (name === "openat" || name === "renameSync")) {
            made = false;
            plant(directory);
          }
          made ||= ["symlinkat", "linkat", "symlinkSync", "linkSync"].includes(name);
        });
        refused(() => applyRecords(writer, [[enter, ""], [type, "l", target]]));
        writer.close();
        assertEquals(directory.list().filter((name) => !name.startsWith(".escp-")), ["first"]);
      }
    });
  });
}

describeWithScene("partial files that are exchanged during a copy", (scene) => {
  const MIB = 1 << 20;

  async function exchanged(variant: Variant, mode: number): Promise<void> {
    const from = await scene.tree({ "large": { size: 6 * MIB } });
    const to = await scene.tree({ "large": "old" });
    await Deno.chmod(to, mode);
    const flags = ["--retries", "0", "-l", "24000"];
    await using running = await scene.start(variant, { flags, sources: [`${from}/large`], target: to });
    // Streams have opened it when something is written.
    let partial = "";
    await untilTrue(() => (partial = partialFile(to) ?? "") !== "" && Deno.statSync(partial).blocks! > 0, running);
    await Deno.remove(partial);
    const planted = new Uint8Array(6 * MIB).fill(1);
    await Deno.writeFile(partial, planted);
    const { code, stderr } = await running.result;
    assertEquals(code, 1, stderr);
    assert(stderr.includes(`Cannot write "${to}/large": ${REFUSED}`), stderr);
    assertEquals(await Deno.readTextFile(`${to}/large`), "old");
    assertEquals(await Deno.readFile(partial), planted);
  }

  for (const variant of VARIANTS) {
    it(`a file fails and the old one stays if its partial file is exchanged: ${variantName(variant)}`, async () => {
      // In a private directory only the same user can exchange it.
      for (const mode of [0o777, 0o755]) await exchanged(variant, mode);
    });
  }
});
