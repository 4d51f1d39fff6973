/** `plan`, `verify`, `clean` and `doctor` of the library. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { exists } from "@std/fs/exists";
import { it } from "@std/testing/bdd";
import { clean, copy, doctor, plan, StartError, UsageError, verify } from "../../src/mod.ts";
import { parseReport } from "../../src/ui/report/parse_report.ts";
import type { DoctorReport } from "../../src/ui/report/report.ts";
import { describeWithScene, ENGINES, variantName, VARIANTS } from "../support/scene.ts";
import { operandsFor, sceneOptions, useLibraryEnvironment } from "./library_scene.ts";

const TREE = { "from/a": "a", "from/b": "b", "from/c": "c", "to/b": "B", "to/c": "c" };
const USUAL = { engine: ENGINES[0], streams: 1 } as const;

describeWithScene("the library", (scene) => {
  useLibraryEnvironment();

  for (const variant of VARIANTS) {
    it(`plans a copy without copying (${variantName(variant)})`, async () => {
      const path = await scene.tree(TREE);
      const operands = operandsFor(variant.direction, `${path}/from/.`, `${path}/to`);
      const options = { ...sceneOptions(scene, variant), recursive: true, checksum: true };
      const { entries, files, bytes, skipped } = await plan(...operands, options);
      assertEquals(entries.toSorted((a, b) => a.path < b.path ? -1 : 1), [
        { action: "send", path: "a", bytes: 1 },
        { action: "replace", path: "b", bytes: 1 },
        { action: "skip", path: "c", bytes: 1 },
      ]);
      assertEquals([files, bytes, skipped], [2, 2, 1]);
      assertEquals([await exists(`${path}/to/a`), await Deno.readTextFile(`${path}/to/b`)], [false, "B"]);
    });

    it(`verifies contents without copying (${variantName(variant)})`, async () => {
      const path = await scene.tree(TREE);
      const operands = operandsFor(variant.direction, `${path}/from/.`, `${path}/to`);
      const options = { ...sceneOptions(scene, variant), recursive: true };
      const { same, differences } = await verify(...operands, options);
      assertEquals([same, differences.map(({ path }) => path).sort()], [false, ["a", "b"]]);
      await copy(...operands, options);
      const after = await verify(...operands, options);
      assertEquals([after.same, after.differences, after.failed], [true, [], 0]);
    });
  }

  it("cleans leftovers on this machine and on a host", async () => {
    const path = await scene.tree({ "here/.escp-tmp-x": "", "there/x": "" });
    const options = sceneOptions(scene, USUAL);
    // Interrupted copies leave partial files.
    await Deno.writeFile(`${path}/large`, new Uint8Array());
    await Deno.truncate(`${path}/large`, 256 << 20);
    await Deno.utime(`${path}/large`, 1, 1);
    for (
      const [source, target] of [[`testhost:${path}/large`, `${path}/here/l`], [
        `${path}/large`,
        `testhost:${path}/there/l`,
      ]]
    ) {
      const run = copy(source, target, { ...options, limit: "1M" });
      for await (const event of run) if (event.type === "progress" && event.bytes > 0) break;
      await assertRejects(() => run);
    }
    await scene.sshd.waitForNoSession();
    const all = { ...options, olderThan: 0 };
    const directories = [`${path}/here`, `testhost:${path}/there`];
    const planned = await clean(directories, { ...all, dryRun: true });
    const hosts = new Set(planned.removed.map(({ host }) => host));
    assertEquals(hosts, new Set([undefined, "testhost"]));
    const run = clean(directories, all);
    const events = await Array.fromAsync(run);
    const result = await run;
    assertEquals(result, planned);
    assertEquals(events, result.removed.map((leftover) => ({ type: "removed" as const, ...leftover })));
    assertEquals((await clean(directories, all)).removed, []);
  });

  it("examines a host", async () => {
    const path = await scene.tree();
    const report = `${path}/run.json`;
    const options = { ...sceneOptions(scene, USUAL), doctorTime: 20, directory: path, report };
    const run = doctor(`testhost:${path}`, options);
    const events = await Array.fromAsync(run);
    const { ok, steps, advice } = await run;
    assertEquals(ok, true);
    assertEquals(events, steps.map((step) => ({ type: "step" as const, step })));
    assertEquals(steps.slice(0, 2).map(({ step, status }) => [step, status]), [["login", "ok"], ["escp", "ok"]]);
    const reported = parseReport(await Deno.readTextFile(report)) as DoctorReport;
    assertEquals([reported.host, reported.exitStatus], ["testhost", 0]);
    assertEquals(reported.steps, JSON.parse(JSON.stringify(steps)));
    assertEquals(advice, steps.filter(({ step }) => step === "advice").map(({ text }) => text));
  });

  it("rejects with the error of a copy if the host cannot be examined, or returns it", async () => {
    const options = { ssh: "/nonexistent/ssh" };
    await assertRejects(() => doctor("testhost", options), StartError, "/nonexistent/ssh");
    const { ok, steps, error } = await doctor("testhost", { ...options, throwOnFailure: false });
    assertEquals([ok, steps[0].status], [false, "fail"]);
    assert(error instanceof StartError);
  });

  it("refuses options of other functions", async () => {
    await assertRejects(() => plan("a", "b", { doctorTime: 1 } as object), UsageError, 'Unknown option "doctorTime"');
    await assertRejects(() => clean([], { report: "a.html" } as object), UsageError, 'Unknown option "report"');
    await assertRejects(() => clean([], { recursive: true } as object), UsageError, 'Unknown option "recursive"');
    await assertRejects(() => doctor("a", { recursive: true } as object), UsageError, 'Unknown option "recursive"');
    await assertRejects(() => verify("a", "b", { verify: true } as object), UsageError, 'Unknown option "verify"');
  });
});
