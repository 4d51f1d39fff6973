/** `--report` and `--report-from`. The page itself: tests/ui/report. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { beforeAll, it } from "@std/testing/bdd";
import { parseReport } from "../../../src/ui/report/parse_report.ts";
import type { CopyReport } from "../../../src/ui/report/report.ts";
import { runEscp } from "../../support/escp/escp_command.ts";
import { killOthers, untilBegun } from "../../support/escp/interruptions.ts";
import { parseEvents } from "../../support/escp/json_events.ts";
import { listNames } from "../../support/files/list_names.ts";
import { describeWithScene, ENGINES, type Variant, variantName, VARIANTS } from "../../support/scene.ts";

const MIB = 1 << 20;
const TREE = { "small": "s", "in/large": { size: 3 * MIB }, "in/<script>alert(1)<": { size: 2 * MIB } };
const [PUSH] = VARIANTS;

/** Reads a report in JSON. */
async function read(path: string): Promise<CopyReport> {
  const report = parseReport(await Deno.readTextFile(path));
  assertEquals(report.task, "copy");
  return report as CopyReport;
}

describeWithScene("--report", { inProcess: true }, (scene) => {
  let source: string;
  beforeAll(async () => {
    source = await scene.tree(TREE);
  });

  async function copied(
    variant: Variant,
    { flags = [], sources = [source] }: { flags?: string[]; sources?: string[] } = {},
  ) {
    const target = await scene.tree();
    const directory = await scene.tree();
    const path = `${directory}/run.json`;
    const result = await scene.copy(variant, { flags: ["-r", "--report", path, ...flags], sources, target });
    assertEquals(listNames(directory), ["run.json"], result.stderr);
    return { ...result, report: await read(path), target };
  }

  for (const variant of VARIANTS) {
    it(`contains the result, the sessions and the samples of a copy (${variantName(variant)})`, async () => {
      const { code, stderr, report } = await copied(variant, { flags: ["-t", String(variant.streams)] });
      assertEquals([code, stderr], [0, ""]);
      const { result, sessions, series, machines, slowest } = report;
      assertEquals([result.status, result.exitStatus, result.files, result.bytes], ["ok", 0, 3, 5 * MIB + 1]);
      assertEquals(sessions.map(({ outcome, engine }) => [outcome, engine]), [["finished", variant.engine]]);
      const login = variant.direction === "local" ? "start" : "login";
      assertEquals(sessions[0].phases.map(({ name }) => name), [login, "scan", "transfer"]);
      assertEquals([series.written[0], series.written.at(-1)], [0, 5 * MIB + 1]);
      assertEquals([series.files.at(-1), series.filesFound.at(-1)], [3, 3]);
      assert(series.seconds.every((time, at) => at === 0 || time >= series.seconds[at - 1]));
      assertEquals(machines.map(({ end }) => end), variant.direction === "local" ? ["here"] : ["here", "there"]);
      // The portable engine uses no library of the system.
      if (variant.engine === "portable") assertEquals(series.connections, []);
      assertEquals(machines[0].system?.cores, navigator.hardwareConcurrency);
      for (const { platform } of machines.slice(1)) assertMatch(platform!, /^[a-z]+ [a-z0-9_]+, \d+ cores?$/);
      const names = slowest.map(({ path }) => path.replace(/^[^/]*\//, "")).sort();
      assertEquals(names, ["in/<script>alert(1)<", "in/large"]);
    });
  }

  it("contains failures and the options that the user has chosen", async () => {
    const missing = `${source}/missing`;
    const { code, report } = await copied(PUSH, { sources: [source, missing], flags: ["--exclude", "*.tmp", "-p"] });
    assertEquals([code, report.result.status, report.result.failed], [1, "failed", 1]);
    assertEquals(report.failures.map(({ path }) => path), [missing]);
    assert(
      report.options.includes("--preserve") && report.options.includes("--exclude=*.tmp"),
      report.options.join(" "),
    );
    assert(!report.options.some((word) => word.startsWith("--report")));
  });

  it("is written for a copy without any file", async () => {
    const { report } = await copied(PUSH, { sources: [`${source}/missing`] });
    assertEquals([report.result.exitStatus, report.result.files], [1, 0]);
    assertEquals(report.failures.length, 1);
  });

  it("is a page if its name ends in .html, in which names are escaped", async () => {
    const directory = await scene.tree({ "run.html": "" });
    const path = `${directory}/run.html`;
    const target = await scene.tree();
    await scene.copy(PUSH, { flags: ["-r", "--report", path], sources: [source], target });
    const page = await Deno.readTextFile(path);
    assertEquals(listNames(directory), ["run.html"]);
    assertStringIncludes(page, "in/&lt;script&gt;alert(1)&lt;");
    assert(!page.includes("<script>alert"));
    assertMatch(page, /Content-Security-Policy" content="default-src 'none'/);
  });

  it("contains the same page as --report-from renders of its data", async () => {
    const directory = await scene.tree();
    const target = await scene.tree();
    const path = `${directory}/run.json`;
    await scene.copy(PUSH, { flags: ["-r", "--report", path], sources: [source], target });
    const printed = await runEscp(["--report-from", path]);
    assertEquals([printed.code, printed.stderr], [0, ""]);
    const written = await runEscp(["--report-from", path, "--report", `${directory}/run.html`]);
    assertEquals([written.code, written.stdout, written.stderr], [0, "", ""]);
    assertEquals(await Deno.readTextFile(`${directory}/run.html`), printed.stdout);
  });

  it("does not change the events of --json", async () => {
    const target = await scene.tree();
    const directory = await scene.tree();
    const flags = ["-r", "--json", "--report", `${directory}/run.html`];
    const { stdout } = await scene.copy(PUSH, { flags, sources: [source], target });
    const [last] = parseEvents(stdout).slice(-1);
    assertEquals([last.event, last.status], ["end", "ok"]);
    assert(!stdout.includes('"streams":{'));
  });
});

describeWithScene("an existing file of --report", { inProcess: true }, (scene) => {
  const copy = (flags: string[], sources: string[], target: string) => scene.copy(PUSH, { flags, sources, target });

  it("is refused before the copy, unless it is empty or a report", async () => {
    for (const [name, text] of [["run.html", "<!DOCTYPE html>\n<p>mine"], ["run.json", '{"mine":1}']]) {
      const path = await scene.tree({ "from": "f", [name]: text });
      const { code, stderr } = await copy(["--report", `${path}/${name}`], [`${path}/from`], `${path}/to`);
      const reason = "it exists, and is not a report of escp";
      assertEquals(code, 2);
      assertStringIncludes(stderr, `escp: Cannot write the report "${path}/${name}": ${reason}\n`);
      assertEquals(listNames(path), ["from", name]);
      assertEquals(await Deno.readTextFile(`${path}/${name}`), text);
    }
  });

  it("is replaced if it is an earlier report, and keeps its permissions", async () => {
    for (const name of ["run.html", "run.json"]) {
      const path = await scene.tree({ "from": "f", [name]: "" });
      await Deno.chmod(`${path}/${name}`, 0o600);
      for (const target of ["one", "two"]) {
        const { code, stderr } = await copy(["--report", `${path}/${name}`], [`${path}/from`], `${path}/${target}`);
        assertEquals([code, stderr], [0, ""]);
      }
      assertStringIncludes(await Deno.readTextFile(`${path}/${name}`), "two");
      assertEquals(Deno.statSync(`${path}/${name}`).mode! & 0o777, 0o600);
    }
  });

  it("stays if the copy has created it, and the copy fails with the same exit status in --json", async () => {
    const path = await scene.tree({ "src/run.json": "mine", "dst": { directory: true } });
    const report = `${path}/dst/run.json`;
    const { code, stdout } = await copy(["--json", "--report", report], [`${path}/src/run.json`], `${path}/dst/`);
    const [failed, end] = parseEvents(stdout).slice(-2);
    const reason = "the file was created or changed during the run";
    assertEquals([failed.event, failed.message], ["failed", `Cannot write the report "${report}": ${reason}`]);
    assertEquals([code, end.event, end.status, end.exitStatus, end.failed], [1, "end", "failed", 1, 1]);
    assertEquals(await Deno.readTextFile(report), "mine");
    assertEquals(listNames(`${path}/dst`), ["run.json"]);
  });

  it("is refused if it is a source, the target, the log or the manifest", async () => {
    for (const other of ["source", "target", "--log", "--manifest"]) {
      const path = await scene.tree({ "from": "f", "run.json": "" });
      const report = `${path}/run.json`;
      const flags = other.startsWith("--") ? [other, `${path}/./run.json`] : [];
      const source = other === "source" ? report : `${path}/from`;
      const target = other === "target" ? report : `${path}/to`;
      const variant: Variant = other === "target" ? { ...PUSH, direction: "local" } : PUSH;
      const { code, stderr } = await scene.copy(variant, {
        flags: ["--report", report, ...flags],
        ...{ sources: [source], target },
      });
      assertEquals(code, 2, `${other}: ${stderr}`);
      assertStringIncludes(stderr, "this run uses the file otherwise");
    }
  });
});

describeWithScene("the file of --report", (scene) => {
  for (
    const [name, reason] of [
      ["missing/run.html", "No such file or directory"],
      ["directory.html", "it is a directory"],
      ["link.html", "it is a symbolic link"],
    ]
  ) {
    it(`is refused before the copy: ${reason}`, async () => {
      const path = await scene.tree({
        "from": "f",
        "victim": "kept",
        "directory.html/x": "",
        "link.html": { link: "victim" },
      });
      const result = await runEscp(["--report", `${path}/${name}`, `${path}/from`, `${path}/to`]);
      assertEquals(result.code, 2);
      assertEquals(result.stderr, `escp: Cannot write the report "${path}/${name}": ${reason}\n`);
      assertEquals(listNames(path), ["directory.html", "from", "link.html", "victim"]);
      assertEquals(await Deno.readTextFile(`${path}/victim`), "kept");
    });
  }

  it("is written when the copy is interrupted", async () => {
    const path = await scene.tree({ "from": { size: 8 * MIB } });
    const report = `${path}/run.json`;
    const flags = ["--report", report, "-l", "8M", "--json"];
    const variant: Variant = { direction: "push", engine: ENGINES[0], streams: 1 };
    await using running = await scene.start(variant, { flags, sources: [`${path}/from`], target: `${path}/to` });
    await running.waitForText("stdout", /"event":"connected"/);
    running.kill("SIGINT");
    const { code } = await running.result;
    const { result, sessions, unfinished } = await read(report);
    assertEquals(unfinished, [{ path: "from", bytes: 8 * MIB }]);
    assertEquals([code, result.status, result.exitStatus, result.message], [130, "interrupted", 130, "Interrupted"]);
    assertEquals(sessions.map(({ outcome }) => outcome), ["failed"]);
  });

  it("shows a lost session and the one that resumes it", async () => {
    const path = await scene.tree({ "from": { size: 16 * MIB }, "to": { directory: true } });
    const report = `${path}/run.json`;
    const flags = ["--report", report, "-l", "20M", "--retries", "1"];
    const variant: Variant = { direction: "push", engine: ENGINES[0], streams: 4 };
    await using running = await scene.start(variant, { flags, sources: [`${path}/from`], target: `${path}/to` });
    await untilBegun(`${path}/to`, running);
    await killOthers(scene, running, /--receiver/);
    const { code, stderr } = await running.result;
    assertEquals(code, 0, stderr);
    const { sessions, series, result, unfinished } = await read(report);
    assertEquals(unfinished, []);
    assertEquals(sessions.map(({ outcome }) => outcome), ["lost", "finished"]);
    assert(sessions[0].message !== undefined && sessions[0].phases.length > 0);
    assertEquals(new Set(series.connections.map(({ session }) => session)), new Set([0, 1]));
    assertEquals([result.files, result.bytes], [1, 16 * MIB]);
    assert(series.written.at(-1)! <= 16 * MIB, `${series.written.at(-1)} bytes written`);
  });

  it("shows each session of a copy from several hosts, and of a copy between two hosts", async () => {
    const path = await scene.tree({
      "a": { size: 2 * MIB },
      "b": "b",
      "to": { directory: true },
      "both": { directory: true },
    });
    const report = `${path}/run.json`;
    const args = (
      ...more: string[]
    ) => ["-F", scene.sshd.configPath, "-D", `${scene.sshd.binDirectory}/escp`, "--report", report, ...more];
    const several = await runEscp(args(`testhost:${path}/a`, `testhost2:${path}/b`, `${path}/to`));
    assertEquals([several.code, several.stderr], [0, ""]);
    const pulled = await read(report);
    assertEquals(pulled.sessions.map(({ hosts, outcome }) => [hosts, outcome]), [
      ["testhost", "finished"],
      ["testhost2", "finished"],
    ]);
    assertEquals([pulled.result.files, pulled.series.written.at(-1)], [2, 2 * MIB + 1]);
    const between = await runEscp(args("-3", `testhost:${path}/a`, `testhost2:${path}/both`));
    assertEquals([between.code, between.stderr], [0, ""]);
    const relayed = await read(report);
    assertEquals(relayed.sessions.map(({ hosts }) => hosts), ["testhost to testhost2"]);
    assertEquals(relayed.machines.map(({ name }) => name), ["this machine", "testhost", "testhost2"]);
    assertEquals(relayed.slowest.map(({ path }) => path), ["a"]);
  });
});

describeWithScene("--report-from", (scene) => {
  it("refuses a FIFO without waiting for its writer", { ignore: Deno.build.os === "windows" }, async () => {
    const path = await scene.tree();
    assert((await new Deno.Command("mkfifo", { args: [`${path}/run.json`] }).output()).success);
    const { code, stderr } = await runEscp(["--report-from", `${path}/run.json`]);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "it is not a regular file");
  });

  for (
    const [what, text, reason] of [
      ["a file that is not JSON", "{", "it is not JSON: "],
      ["another JSON file", "[]", 'it is not a report of escp: "format" is missing or unknown'],
      [
        "a report of a later version",
        '{"format":"escp-report","version":2}',
        "this escp renders version 1, and the report has another",
      ],
      ["a damaged report", '{"format":"escp-report","version":1,"task":"copy"}', "it is damaged: escp: missing"],
    ]
  ) {
    it(`refuses ${what}`, async () => {
      const path = await scene.tree({ "run.json": text });
      const { code, stdout, stderr } = await runEscp(["--report-from", `${path}/run.json`]);
      assertEquals([code, stdout], [1, ""]);
      assertStringIncludes(stderr, `escp: Cannot use the report "${path}/run.json": ${reason}`);
    });
  }
});
