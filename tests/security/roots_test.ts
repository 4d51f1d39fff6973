import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { beforeAll, describe, it } from "@std/testing/bdd";
import { FileError } from "../../src/errors.ts";
import type { FileEngine } from "../../src/files/engine/engine.ts";
import type { TargetRoot } from "../../src/files/engine/target_root.ts";
import { backupName } from "../../src/files/path/temporary_names.ts";
import { planTargets } from "../../src/files/target/plan/plan.ts";
import { createDirectories } from "../../src/files/target/root_directories.ts";
import { RecordType } from "../../src/protocol/data/records.ts";
import { encodeName } from "../../src/protocol/names.ts";
import { ENGINES, frameOf, TempDirectory } from "../files/file_engines.ts";
import { untilTrue } from "../support/escp/interruptions.ts";
import { listNames } from "../support/files/list_names.ts";
import { describeWithScene, type Variant, variantName, VARIANTS } from "../support/scene.ts";
import { hasStopped, resume, stoppingCommand, tracingProblem } from "../support/escp/stopped_at.ts";

const OPTIONS = { preserve: true, umask: 0o022, token: "test", fsync: true };
const ATTRIBUTES = { mode: 0o640, uid: 1, gid: 1, mtime: 5, mtimeNs: 0, atime: 5, atimeNs: 0 };

/** A planned root. Nothing may change in "outside". */
interface Planned {
  title: string;
  target: string;
  kind: "file" | "folder";
  /** Directory that its contents are written to. */
  directory: string;
}

const PLANNED: Planned[] = [
  { title: "a root that the copy has created", target: "to/new", kind: "folder", directory: "to/new" },
  { title: "a root that existed", target: "to/sub/.", kind: "folder", directory: "to/sub" },
  { title: "the directory of a single file", target: "to/sub/file", kind: "file", directory: "to/sub" },
];

function planned(engine: FileEngine, temp: TempDirectory, { target, kind }: Planned): TargetRoot {
  const source = kind === "folder" && target.endsWith("/.") ? { name: ".", kind } : { name: "source", kind } as const;
  const options = { base: temp.path, tilde: false, sameHost: false };
  const roots = planTargets([source], target.replace(/\/\.$/, ""), options, engine.paths);
  return createDirectories(roots, engine.paths)[0];
}

function scene(): TempDirectory {
  const temp = new TempDirectory();
  temp.directory("to/sub");
  temp.directory("outside");
  temp.write("outside/file", "untouched");
  temp.write(`outside/${backupName("test", encodeName("x"))}`, "untouched");
  return temp;
}

/** Replaces a root by a link or by another directory. */
function swap(temp: TempDirectory, directory: string, by: "link" | "directory"): void {
  Deno.renameSync(temp.at(directory), temp.at("moved"));
  if (by === "link") Deno.symlinkSync(temp.at("outside"), temp.at(directory));
  else Deno.renameSync(temp.at("outside"), temp.at(directory));
}

/** Returns everything that must not change about a directory. */
function seen(path: string): unknown {
  const { mode, uid, gid, mtime } = Deno.statSync(path);
  const names = listNames(path);
  return { names, mode, uid, gid, mtime, file: Deno.readTextFileSync(`${path}/file`) };
}

for (const { title, make } of ENGINES) {
  describe(`exchanged root directories (${title})`, () => {
    const engine = make();

    for (const root of PLANNED) {
      for (const by of ["link", "directory"] as const) {
        it(`nothing is written to a ${by} that replaces ${root.title}`, async () => {
          using temp = scene();
          const target = planned(engine, temp, root);
          const outside = temp.at(by === "link" ? "outside" : root.directory);
          const before = seen(temp.at("outside"));
          swap(temp, root.directory, by);
          const writer = engine.openTarget([target], OPTIONS);
          const refused = (act: () => unknown) => {
            const error = assertThrows(act, FileError) as FileError;
            assertEquals(error.code, "ESTALE", error.message);
          };
          const name = root.kind === "file" ? "" : "file";
          const { frame, cursor } = frameOf([[RecordType.enter, ""]]);
          cursor.next();
          const { nameStart, nameEnd } = cursor;
          refused(() => writer.small.enter(0, frame, nameStart, nameEnd));
          refused(() => writer.partials.create(0, name, 5));
          const identity = { dev: 1, inode: 1 };
          refused(() => writer.partials.open({ root: 0, path: name, temporary: "file", size: 5, identity }));
          refused(() =>
            writer.partials.commit({ root: 0, path: name, temporary: "file", size: 5, identity }, ATTRIBUTES)
          );
          writer.partials.discard({ root: 0, path: name, temporary: "file", size: 5, identity });
          const directory = { root: 0, path: "", created: true, attributes: ATTRIBUTES };
          if (root.kind === "folder") {
            assertEquals(writer.directories.finish([directory]).map(({ code }) => code), ["ESTALE"]);
          }
          assert((await writer.directories.sync([directory])).some(({ code }) => code === "ESTALE"));
          writer.directories.sweep([directory]);
          writer.close();
          const comparer = await engine.targetComparer([target], OPTIONS);
          refused(() => comparer.enter(0, frame, nameStart, nameEnd));
          comparer.close();
          assertEquals(seen(outside), before);
        });
      }
    }
  });
}

describeWithScene("roots that are exchanged while the data connections come up", (scene) => {
  const ignore = tracingProblem !== undefined;
  const why = ignore ? ` (skipped: ${tracingProblem})` : "";
  let source: string;
  beforeAll(async () => {
    source = await scene.tree({ "small": "small", "large": { size: 2 << 20 }, "sub/small": "small" });
  });

  /** Stops the client at its first data connection, after the root is planned. @param kind Kind of root. */
  async function exchanged(variant: Variant, kind: "new" | "existing" | "file"): Promise<void> {
    const tree = await scene.tree({ "outside/kept": "kept", "to": { directory: true }, "link": { link: "outside" } });
    await Deno.chmod(`${tree}/outside`, 0o750);
    const log = `${tree}/strace`;
    const [from, target] = kind === "new"
      ? [source, `${tree}/to/new`]
      : kind === "existing"
      ? [`${source}/.`, `${tree}/to`]
      : [`${source}/large`, `${tree}/to/file`];
    const flags = ["-r", "-p", "--retries", "0"];
    const command = stoppingCommand("connect", log);
    await using running = await scene.start(variant, { flags, sources: [from], target, command });
    await untilTrue(() => hasStopped(log), running);
    const root = kind === "new" ? target : `${tree}/to`;
    await Deno.rename(root, `${tree}/moved`);
    await Deno.rename(`${tree}/link`, root);
    // A relative link has another target in a subdirectory.
    if (kind === "new") {
      await Deno.remove(root);
      await Deno.symlink("../outside", root);
    }
    const before = await Deno.stat(`${tree}/outside`);
    await resume(running.pid);
    const { code, stderr } = await running.result;
    assertEquals(code, 1, stderr);
    assertMatch(stderr, /another directory has taken its place/);
    assertEquals(listNames(`${tree}/outside`), ["kept"]);
    const { mode, uid, gid, mtime } = await Deno.stat(`${tree}/outside`);
    assertEquals([mode, uid, gid, mtime], [before.mode, before.uid, before.gid, before.mtime]);
    assertEquals(await Deno.readTextFile(`${tree}/outside/kept`), "kept");
  }

  for (const variant of VARIANTS) {
    for (const kind of ["new", "existing", "file"] as const) {
      it(`a copy fails and writes nothing elsewhere if its root is exchanged: ${kind}, ${variantName(variant)}${why}`, {
        ignore,
      }, () => {
        return exchanged(variant, kind);
      });
    }
  }
});
