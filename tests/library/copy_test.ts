import { assert, assertEquals, assertRejects } from "@std/assert";
import { it } from "@std/testing/bdd";
import {
  copy,
  type CopyEvent,
  IncompleteError,
  mirror,
  ProtocolError,
  StartError,
  TransferLost,
  UsageError,
  UserError,
} from "../../src/mod.ts";
import { parseReport } from "../../src/ui/report/parse_report.ts";
import type { CopyReport } from "../../src/ui/report/report.ts";
import { compareTrees } from "../support/files/compare_trees.ts";
import { describeWithScene, ENGINES, variantName, VARIANTS } from "../support/scene.ts";
import { writeScript } from "../support/shell_script.ts";
import { operandsFor, sceneOptions, useLibraryEnvironment } from "./library_scene.ts";

const TREE = { "from/a": "a", "from/d/b": { size: 3_000_000 } };
const [ENGINE] = ENGINES;
/** Reads the report of a copy. */
async function readReport(path: string): Promise<CopyReport> {
  return parseReport(await Deno.readTextFile(path)) as CopyReport;
}

const USUAL = { engine: ENGINE, streams: 1 } as const;
/** A rate at which a copy of 8 MiB takes hours. */
const SLOW = { limit: 8 } as const;

describeWithScene("copy of the library", (scene) => {
  useLibraryEnvironment();

  for (const variant of VARIANTS) {
    it(`copies a tree, with its events and its result (${variantName(variant)})`, async () => {
      const path = await scene.tree(TREE);
      const operands = operandsFor(variant.direction, `${path}/from`, `${path}/to`);
      const run = copy(...operands, { ...sceneOptions(scene, variant), recursive: true });
      const events = await Array.fromAsync(run);
      const result = await run;
      assertEquals([result.files, result.bytes, result.failed, result.failures], [2, 3_000_001, 0, []]);
      assertEquals(await compareTrees(`${path}/from`, `${path}/to`), []);
      const others = events.filter(({ type }) => type !== "progress");
      assertEquals(others.map(({ type }) => type), ["connected", "end"]);
      const progress = events.findLast((event) => event.type === "progress");
      assertEquals([progress?.totalFiles, progress?.totalBytes, progress?.totalKnown], [2, 3_000_001, true]);
      const { failures: _, ...totals } = result;
      assertEquals(events.at(-1), { type: "end", ...totals });
    });

    it(`rejects if a path failed, after the others were copied (${variantName(variant)})`, async () => {
      const path = await scene.tree(TREE);
      const [a, target] = operandsFor(variant.direction, `${path}/from/a`, `${path}/to/.`);
      const [missing] = operandsFor(variant.direction, `${path}/missing`, "");
      await Deno.mkdir(`${path}/to`);
      const options = sceneOptions(scene, variant);
      const error = await assertRejects(() => copy([a, missing], target, options), IncompleteError);
      assertEquals(error.message, `Cannot copy 1 path: Cannot read "${path}/missing": No such file or directory`);
      const [failure] = error.result.failures;
      assertEquals([failure.path, failure.code], [`${path}/missing`, "ENOENT"]);
      assertEquals(failure.host, variant.direction === "pull" ? "testhost" : undefined);
      assertEquals(await Deno.readTextFile(`${path}/to/a`), "a");
      const result = await copy([a, missing], target, { ...options, throwOnFailure: false });
      assertEquals([result.files, result.failed, result.failures], [1, 1, error.result.failures]);
    });
  }

  it("makes a target equal to the source", async () => {
    const path = await scene.tree({ ...TREE, "to/a": "old", "to/extra": "e", "to/d/more/deep": "f" });
    const [source, target] = operandsFor("push", `${path}/from`, `${path}/to`);
    const run = mirror(source as string, target, sceneOptions(scene, USUAL));
    const events = await Array.fromAsync(run);
    const { files, deleted, failed } = await run;
    assertEquals([files, deleted, failed], [2, 3, 0]);
    assertEquals(await compareTrees(`${path}/from`, `${path}/to`, { modes: true, mtimes: "ms" }), []);
    const paths = events.filter((event) => event.type === "deleted").map(({ path }) => path);
    assertEquals(paths.sort(), ["from/d/more/", "from/d/more/deep", "from/extra"]);
  });

  it("copies in both directions at the same time", async () => {
    const path = await scene.tree(TREE);
    const runs = VARIANTS.flatMap((variant) =>
      ["1", "2"].map((name) => {
        const to = `${path}/${variantName(variant)} ${name}`;
        const operands = operandsFor(variant.direction, `${path}/from`, to);
        return {
          to,
          run: copy(...operands, { ...sceneOptions(scene, variant), recursive: true }),
        };
      })
    );
    const results = await Promise.all(runs.map(({ run }) => run));
    assertEquals(results.map(({ files }) => files), runs.map(() => 2));
    for (const { to } of runs) assertEquals(await compareTrees(`${path}/from`, to), []);
  });

  it("copies large files on this machine directly", { ignore: ENGINE !== "native" }, async () => {
    const path = await scene.tree(TREE);
    await copy(`${path}/from/d/b`, `${path}/to`, { engine: ENGINE, remoteLog: `${path}/log` });
    assertEquals(await compareTrees(`${path}/from/d/b`, `${path}/to`), []);
    const log = await Deno.readTextFile(`${path}/log`);
    assert(log.includes("copied directly from the open files of the client"), log);
  });

  it("copies between two remote hosts", async () => {
    const path = await scene.tree(TREE);
    const options = { ...sceneOptions(scene, USUAL), recursive: true } as const;
    const { files } = await copy(`testhost:${path}/from`, `testhost2:${path}/to`, options);
    assertEquals(files, 2);
    assertEquals(await compareTrees(`${path}/from`, `${path}/to`), []);
  });

  it("reads a list of sources, and writes a manifest and a log", async () => {
    const path = await scene.tree({ ...TREE, "list": "", "to": { directory: true } });
    await Deno.writeTextFile(`${path}/list`, `${path}/from/a\n`);
    const options = { filelist: `${path}/list`, manifest: `${path}/sums`, log: `${path}/log` };
    await copy([], `testhost:${path}/to`, { ...sceneOptions(scene, USUAL), ...options });
    assertEquals(await Deno.readTextFile(`${path}/to/a`), "a");
    assert(/^[0-9a-f]{64} {2}a\n$/.test(await Deno.readTextFile(`${path}/sums`)));
    assert((await Deno.readTextFile(`${path}/log`)).includes(" info "));
  });

  it("writes a report as a page or as data, with its failures", async () => {
    const path = await scene.tree(TREE);
    const options = { ...sceneOptions(scene, USUAL), recursive: true, throwOnFailure: false };
    await copy(`${path}/from`, `testhost:${path}/to`, { ...options, report: `${path}/run.html` });
    assert((await Deno.readTextFile(`${path}/run.html`)).includes("Everything was copied"));
    const sources = [`${path}/from/a`, `${path}/missing`];
    await copy(sources, `testhost:${path}/to`, { ...options, report: `${path}/run.json` });
    const { result, sources: reported, failures, sessions } = await readReport(`${path}/run.json`);
    assertEquals([result.status, result.files, reported], ["failed", 1, sources]);
    assertEquals(failures.map((failure) => failure.path), [`${path}/missing`]);
    assertEquals(sessions.map(({ outcome }) => outcome), ["finished"]);
  });

  it("writes the report of a copy that the program stops", async () => {
    const path = await scene.tree(TREE);
    const report = `${path}/run.json`;
    const stop = new AbortController();
    const options = { ...sceneOptions(scene, USUAL), ...SLOW, report, signal: stop.signal };
    const run = copy(`${path}/from/d/b`, `testhost:${path}/to`, options);
    await assertRejects(
      async () => {
        for await (const { type } of run) if (type === "connected") stop.abort(new Error("enough"));
      },
      Error,
      "enough",
    );
    const { result } = await readReport(report);
    assertEquals([result.status, result.message, result.exitStatus], ["interrupted", "Interrupted", 130]);
  });

  it("refuses a report that it must not replace, and fails if the copy creates the file", async () => {
    const path = await scene.tree({ "src/run.json": "mine", "dst": { directory: true } });
    const options = sceneOptions(scene, USUAL);
    const from = `${path}/src/run.json`;
    const refused = copy(from, `testhost:${path}/dst`, { ...options, report: from });
    await assertRejects(() => refused, UsageError, "this run uses the file otherwise");
    const failed = copy(from, `testhost:${path}/dst/`, { ...options, report: `${path}/dst/run.json` });
    const { result } = await assertRejects(() => failed, IncompleteError);
    assertEquals(Array.from(result.failures, ({ path }: { path: string }) => path), [`${path}/dst/run.json`]);
    assertEquals(await Deno.readTextFile(`${path}/dst/run.json`), "mine");
  });

  it("reports what ssh prints as events, and never asks", async () => {
    const path = await scene.tree({ "a": "a" });
    const options = { ...sceneOptions(scene, USUAL), sshOption: ["IdentityFile=/dev/null", "IdentitiesOnly=yes"] };
    const program = await writeScript(
      `${path}/ssh`,
      `printf '%s\\n' "$@" >"${path}/arguments"`,
      "echo one >&2",
      "printf 'two\\r\\nthree' >&2",
      "exit 255",
    );
    const run = copy(`${path}/a`, `testhost:${path}/b`, { ...options, ssh: program });
    const events: CopyEvent[] = [];
    const error = await assertRejects(async () => {
      for await (const event of run) events.push(event);
    }, StartError);
    assertEquals([error.host, error.reason], ["testhost", "three"]);
    assertEquals(events.filter(({ type }) => type === "ssh"), [
      { type: "ssh", host: "testhost", line: "one" },
      { type: "ssh", host: "testhost", line: "two" },
      { type: "ssh", host: "testhost", line: "three" },
    ]);
    assert((await Deno.readTextFile(`${path}/arguments`)).includes("-oBatchMode=yes\n"));
    await assertRejects(
      () => copy(`${path}/a`, "testhost:b", { ...options, ssh: program, interactive: true }),
      StartError,
    );
    assert(!(await Deno.readTextFile(`${path}/arguments`)).includes("BatchMode"));
  });

  for (
    const [name, sources, target, options, message] of [
      ["an unknown option", "a", "b", { recusive: true }, "Unknown option"],
      ["options that exclude each other", "a", "b", { ipv4: true, ipv6: true }, "exclude each other"],
      ["no source", [], "b", {}, "Nothing to copy"],
      ["an empty target", "a", "", {}, "A source or target is empty"],
      ["a NUL character in a path", "a\0b", "c", {}, "A source or target contains a NUL character"],
      ["a source that is not a string", [1], "c", {}, "A source or target is not a string"],
      ["a host that ssh would take for an option", "a", "-oProxyCommand=x:b", {}, 'begins with "-"'],
      ["an invalid pattern", "a", "b", { exclude: ["["] }, "["],
    ] as const
  ) {
    it(`refuses ${name} before anything is started`, async () => {
      const given = { ...options, ssh: "/nonexistent/ssh" };
      await assertRejects(() => copy(sources as unknown as string[], target, given), UsageError, message);
    });
  }

  it("rejects with the reason of its signal, and leaves no session", async () => {
    const path = await scene.tree({ "a": { size: 8 << 20 } });
    const stop = new AbortController();
    const options = { ...sceneOptions(scene, USUAL), ...SLOW, signal: stop.signal };
    const run = copy(`${path}/a`, `testhost:${path}/b`, options);
    await assertRejects(
      async () => {
        for await (const { type } of run) if (type === "connected") stop.abort(new Error("enough"));
      },
      Error,
      "enough",
    );
    await scene.sshd.waitForNoSession();
  });

  it("stops when the loop over its events is left", async () => {
    const path = await scene.tree({ "a": { size: 8 << 20 } });
    const run = copy(`testhost:${path}/a`, `${path}/b`, { ...sceneOptions(scene, USUAL), ...SLOW });
    for await (const { type } of run) if (type === "connected") break;
    await scene.sshd.waitForNoSession();
    await assertRejects(() => run, DOMException);
  });

  it("retries a lost session, and then rejects with its loss", async () => {
    const path = await scene.tree({ "a": { size: 8 << 20 } });
    const run = copy(`${path}/a`, `testhost:${path}/b`, { ...sceneOptions(scene, USUAL), ...SLOW, retries: 1 });
    const seen: string[] = [];
    const error = await assertRejects(async () => {
      for await (const event of run) {
        if (event.type === "connected") await scene.sshd.cutConnections();
        if (event.type === "connected" || event.type === "retry") seen.push(event.type);
      }
    }, TransferLost);
    assertEquals(seen, ["connected", "retry", "connected"]);
    assertEquals(error.host, "testhost");
    assert(error instanceof UserError && !(error instanceof ProtocolError));
  });
});
