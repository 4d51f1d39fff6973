import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FileError } from "../../src/errors.ts";
import type { FileEngine } from "../../src/files/engine/engine.ts";
import type { SourceReader, SourceRoot } from "../../src/files/engine/source.ts";
import { encodeName } from "../../src/protocol/names.ts";
import { collect, describeItems, ENGINES, isNativeHere, sourceRoot, TempDirectory } from "../files/file_engines.ts";
import { untilTrue } from "../support/escp/interruptions.ts";
import { describeWithScene, type Variant, variantName, VARIANTS } from "../support/scene.ts";
import { hasStopped, resume, stoppingCommand, tracingProblem } from "../support/escp/stopped_at.ts";
import { setXattr } from "../support/files/xattrs.ts";
import { actBefore } from "./watched_calls.ts";

const SECRET = "a secret";

function scene(): TempDirectory {
  const temp = new TempDirectory();
  temp.directory("source/a/b");
  temp.write("source/a/b/file", "public");
  temp.directory("outside/b");
  temp.write("outside/b/file", SECRET);
  temp.write("outside/file", SECRET);
  return temp;
}

function read(reader: SourceReader, directory: string, name: string): string {
  const names = encodeName(`${directory}\0${name}\0`);
  const buffer = new Uint8Array(64);
  const at = encodeName(directory).length;
  reader.enter(0, names, 0, at);
  const length = reader.readWhole(names, at + 1, at + 1 + encodeName(name).length, buffer, 0, 64);
  return new TextDecoder().decode(buffer.subarray(0, length));
}

function readRange(reader: SourceReader, path: string, identity?: { dev: number; inode: number }): string {
  const range = reader.openLarge(0, path, identity);
  try {
    const buffer = new Uint8Array(64);
    return new TextDecoder().decode(buffer.subarray(0, range.readAt(buffer, 0, 64, 0)));
  } finally {
    range.close();
  }
}

/** Files and directories with the link targets that replace them. */
const EXCHANGES = [
  { what: "a file", at: "source/a/b/file", by: "outside/file" },
  { what: "its directory", at: "source/a/b", by: "outside/b" },
  { what: "a directory above that", at: "source/a", by: "outside" },
  { what: "the root", at: "source", by: "outside/root" },
];

for (const { title, make } of ENGINES) {
  describe(`sources that become links (${title})`, () => {
    const engine: FileEngine = make();

    for (const { what, at, by } of EXCHANGES) {
      it(`a link that replaces ${what} is not read if links are not followed`, () => {
        using temp = scene();
        temp.directory("outside/root/a/b");
        temp.write("outside/root/a/b/file", SECRET);
        const root = sourceRoot(engine, temp.at("source"));
        const stat = engine.paths.stat(temp.at("source/a/b/file"), { follow: true })!;
        Deno.renameSync(temp.at(at), temp.at("moved"));
        Deno.symlinkSync(temp.at(by), temp.at(at));
        const reader = engine.sourceReader([root], { follow: false });
        for (
          const act of [
            () => read(reader, "a/b", "file"),
            () => readRange(reader, "a/b/file"),
            () => readRange(reader, "a/b/file", stat),
          ]
        ) {
          const { code, message } = assertThrows(act, FileError) as FileError;
          assert(code === "ELOOP" || code === "ESTALE", message);
        }
        reader.close();
        // Following links is unchanged.
        const following = engine.sourceReader([root], { follow: true });
        assertEquals([read(following, "a/b", "file"), readRange(following, "a/b/file")], [SECRET, SECRET]);
        following.close();
      });
    }

    it("a link that replaces a named file is not read if links are not followed", () => {
      using temp = scene();
      const root = sourceRoot(engine, temp.at("source/a/b/file"));
      const reader = engine.sourceReader([root], { follow: false });
      assertEquals([read(reader, "", ""), readRange(reader, "")], ["public", "public"]);
      Deno.removeSync(temp.at("source/a/b/file"));
      Deno.symlinkSync(temp.at("outside/file"), temp.at("source/a/b/file"));
      for (const act of [() => read(reader, "", ""), () => readRange(reader, "")]) {
        assertEquals((assertThrows(act, FileError) as FileError).code, "ESTALE");
      }
      reader.close();
    });

    it("a link that the user named is followed", () => {
      using temp = scene();
      Deno.symlinkSync("source", temp.at("link"));
      Deno.symlinkSync("source/a/b/file", temp.at("file link"));
      const root = sourceRoot(engine, temp.at("link"));
      const reader = engine.sourceReader([root, sourceRoot(engine, temp.at("file link"))], { follow: false });
      assertEquals(read(reader, "a/b", "file"), "public");
      reader.close();
      const files = engine.sourceReader([sourceRoot(engine, temp.at("file link"))], { follow: false });
      assertEquals([read(files, "", ""), readRange(files, "")], ["public", "public"]);
      files.close();
    });

    for (const symlinks of ["preserve", "skip"] as const) {
      it(`a walk does not enter a directory that becomes a link: --symlinks ${symlinks}`, async () => {
        for (const [at, by] of [["source/a", "outside"], ["source/a/b", "outside/b"]]) {
          using temp = scene();
          const options = {
            recursive: true,
            symlinks,
            accept(path: string, isDirectory: boolean) {
              if (isDirectory && path === "a/b") {
                Deno.renameSync(temp.at(at), temp.at("moved"));
                Deno.symlinkSync(temp.at(by), temp.at(at));
              }
              return true;
            },
          };
          const items = describeItems(await collect(engine.walk([sourceRoot(engine, temp.at("source"))], options)));
          // A directory that is open already may have moved. The target of the link must not be walked.
          const own = items.filter((item) => item === "file a/b/file 6").length;
          const failed = items.filter((item) => item.startsWith("failed")).length;
          assertEquals([own + failed, items.some((item) => /^file .* 8$/.test(item))], [1, false], items.join("\n"));
        }
      });
    }

    it("the walk of an exchanged root fails", async () => {
      using temp = scene();
      const root: SourceRoot = sourceRoot(engine, temp.at("source"));
      Deno.renameSync(temp.at("source"), temp.at("moved"));
      Deno.symlinkSync(temp.at("outside"), temp.at("source"));
      const items = describeItems(await collect(engine.walk([root], { recursive: true, symlinks: "preserve" })));
      assertEquals(items.length, 1);
      assertMatch(items[0], /^failed .*another directory has taken its place/);
    });
  });
}

describe("extended attributes of sources that become links", { ignore: !isNativeHere }, () => {
  it("extended attributes belong to the file that was found", async () => {
    using temp = scene();
    const path = temp.at("source/a/b/file");
    setXattr(path, "user.of", "file");
    setXattr(temp.at("outside/file"), "user.of", SECRET);
    const engine = ENGINES[0].make();
    await engine.loadXattrs();
    const root = sourceRoot(engine, path);
    using _ = actBefore(["listxattr"], () => {
      Deno.removeSync(path);
      Deno.symlinkSync(temp.at("outside/file"), path);
    });
    const walk = engine.walk([root], { recursive: true, symlinks: "preserve", xattrs: true });
    const [item] = await collect(walk);
    if (item.type !== "pack") throw new Error(`It is ${item.type}`);
    const text = new TextDecoder("latin1").decode(item.plan);
    assertEquals([text.includes("user.of"), text.includes(SECRET)], [true, false]);
  });
});

describeWithScene("sources that become links after the walk", (scene) => {
  const ignore = tracingProblem !== undefined;
  const why = ignore ? ` (skipped: ${tracingProblem})` : "";
  const MIB = 1 << 20;

  /** Stops the client at its first data connection, after the walk of a small tree. */
  async function exchanged(variant: Variant, flags: string[], at: string): Promise<void> {
    const tree = await scene.tree({
      "source/sub/small": "public",
      "source/sub/large": { size: 2 * MIB },
      "source/other": "other",
      "outside/small": SECRET,
      "outside/large": { size: 2 * MIB },
      "to": { directory: true },
    });
    const log = `${tree}/strace`;
    const copy = { flags: ["--retries", "0", ...flags], sources: [`${tree}/source/.`], target: `${tree}/to` };
    await using running = await scene.start(variant, { ...copy, command: stoppingCommand("connect", log) });
    await untilTrue(() => hasStopped(log), running);
    await Deno.rename(`${tree}/source/${at}`, `${tree}/moved`);
    await Deno.symlink(`${tree}/outside${at.slice("sub".length)}`, `${tree}/source/${at}`);
    await resume(running.pid);
    const { code, stderr } = await running.result;
    assertEquals(code, 1, stderr);
    const reasons = stderr.split("\n").filter((line) => /^escp: Cannot /.test(line));
    assertEquals(reasons.length, 1, stderr);
    assertMatch(reasons[0], /Cannot read .*: (it is a symbolic link|another file has taken its place)$/);
    const failed = at === "sub" ? ["large", "small"] : [at.slice("sub/".length)];
    assertEquals(await Deno.readTextFile(`${tree}/to/other`), "other");
    for (const name of failed) {
      assertEquals(await Deno.stat(`${tree}/to/sub/${name}`).catch(() => undefined), undefined, name);
    }
  }

  const CASES: [flags: string[], at: string][] = [
    [["-a"], "sub/small"],
    [["-a", "--xattrs"], "sub/large"],
    [["-r", "--symlinks", "skip", "--checksum"], "sub/small"],
    [["-a", "--checksum"], "sub/large"],
    [["-a", "--verify"], "sub"],
  ];
  for (const variant of VARIANTS) {
    for (const [flags, at] of CASES) {
      if (variant.engine === "portable" && flags.includes("--xattrs")) continue;
      it(`a source that becomes a link is one failed path: ${at}, ${flags.join(" ")}, ${variantName(variant)}${why}`, {
        ignore,
      }, () => {
        return exchanged(variant, flags, at);
      });
    }
  }
});
