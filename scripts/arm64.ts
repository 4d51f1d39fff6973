/**
 * Runs escp from source under emulation of Linux on ARM64: its version, a copy with each engine, and the suites that depend
 * on the processor. Reports the results, and the tests that cannot run with their reasons. Arguments: suites to run, and
 * `--seconds=N`, the maximum duration of each step (default: 600).
 */

import { parseArgs } from "@std/cli/parse-args";
import { exists } from "@std/fs/exists";
import { fromFileUrl } from "@std/path";
import { compareTrees } from "../tests/support/files/compare_trees.ts";
import { randomTree } from "../tests/support/files/random_bytes.ts";
import { createTempDirectory } from "../tests/support/files/temp.ts";
import { writeTree } from "../tests/support/files/temp_tree.ts";
import { emulate } from "./arm64/emulator.ts";
import { type Arm64Machine, fetchMachine } from "./arm64/machine.ts";
import { missingPrerequisites } from "./arm64/prerequisites.ts";
import { IMPOSSIBLE, SUITES } from "./arm64/suites.ts";
import { countCases, failedCases, formatCounts } from "./test/summary.ts";

const ROOT = fromFileUrl(new URL("..", import.meta.url)).replace(/\/$/, "");
const DIRECTORY = `${ROOT}/dist/arm64`;
const RUN = ["run", "--quiet", "--no-check", "--allow-all", "main.ts"];

async function main(args: string[]): Promise<boolean> {
  const missing = await missingPrerequisites({ "/usr/bin/npm": "npm" });
  if (missing.length > 0) {
    for (const need of missing) console.log(`Missing: ${need}`);
    return false;
  }
  const flags: { seconds: string; _: string[] } = parseArgs(args, {
    string: ["seconds", "_"],
    default: { seconds: "600" },
  });
  const [seconds, selected] = [Number(flags.seconds), flags._];
  const machine = await fetchMachine(DIRECTORY);
  console.log(`Deno ${machine.version} for ARM64`);
  if (!await checkStart(machine, seconds)) return false;
  let good = true;
  for (const engine of ["native", "portable"]) good = await checkCopy(machine, engine, seconds) && good;
  for (const suite of SUITES) {
    if (selected.length === 0 || selected.some((path) => suite.path.startsWith(path))) {
      good = await checkSuite(machine, suite, seconds) && good;
    }
  }
  console.log(
    "Not run: suites that start escp many times (e2e, faults, session, transfer, cli), because a start takes seconds",
  );
  return good;
}

async function checkStart(machine: Arm64Machine, limit: number): Promise<boolean> {
  const { code, output, seconds } = await emulate(machine, [machine.deno, ...RUN, "-V", "-v"], {
    seconds: limit,
    cwd: ROOT,
  });
  console.log(output.trimEnd());
  const works = code === 0 && /^ *file engine +native/m.test(output) && output.includes("aarch64-unknown-linux-gnu");
  console.log(works ? `ok: escp starts with the native engine (${time(seconds)})` : `FAILED: status ${code}`);
  return works;
}

async function checkCopy(machine: Arm64Machine, engine: string, limit: number): Promise<boolean> {
  await using directory = await createTempDirectory();
  const [tree, copy] = [`${directory.path}/tree`, `${directory.path}/copy`];
  await writeTree(tree, {
    ...randomTree({ files: 50, directories: 5, maxBytes: 1 << 14, seed: "arm64" }),
    "large": { size: (6 << 20) + 1 },
    "sparse": { sparseSize: 2 << 20, pieces: { [1 << 20]: "data between holes" } },
    "script": { content: "#!/bin/sh\n", mode: 0o755, mtime: new Date("2020-02-02T02:02:02Z") },
    "link": { link: "script" },
    "empty": { directory: true },
  });
  const command = [machine.deno, ...RUN, "-a", "-t", "2", "--engine", engine, tree, copy];
  const { code, output, seconds } = await emulate(machine, command, { seconds: limit, cwd: ROOT });
  const differences = code === 0 ? await compareTrees(tree, copy, { modes: true, mtimes: "s" }) : [];
  const works = code === 0 && differences.length === 0;
  console.log(`${works ? "ok" : "FAILED"}: a copy with the ${engine} engine (${time(seconds)})`);
  if (!works) console.log([output, ...differences].join("\n"));
  return works;
}

async function checkSuite(
  machine: Arm64Machine,
  { path, without = {} }: (typeof SUITES)[number],
  seconds: number,
): Promise<boolean> {
  await using directory = await createTempDirectory();
  const report = `${directory.path}/report.xml`;
  const ignored = Object.keys(without).map((file) => `--ignore=${file}`);
  const flags = ["--quiet", "--no-check", "--allow-all", `--junit-path=${report}`, ...ignored];
  const run = await emulate(machine, [machine.deno, "test", ...flags, path], { seconds, cwd: ROOT });
  for (const [file, reason] of Object.entries(without)) console.log(`  not run: ${file}: ${reason}`);
  if (run.code === undefined) {
    console.log(
      `NOT DONE: ${path} within ${time(seconds)}; its last output:\n${run.output.trimEnd().slice(-300)}`,
    );
    return false;
  }
  const junit = await exists(report) ? await Deno.readTextFile(report) : "";
  const failed = failedCases(junit).map(({ name }) => name);
  const unexpected = failed.filter((name) => !(name in IMPOSSIBLE));
  for (const name of failed) {
    if (name in IMPOSSIBLE) console.log(`  not possible under emulation: ${name}: ${IMPOSSIBLE[name]}`);
  }
  const works = unexpected.length === 0 && (run.code === 0 || failed.length > 0);
  console.log(`${works ? "ok" : "FAILED"}: ${path}: ${formatCounts(countCases(junit))} (${time(run.seconds)})`);
  if (!works) console.log(run.output);
  return works;
}

function time(seconds: number): string {
  return `${seconds.toFixed(0)} s`;
}

Deno.exit(await main(Deno.args) ? 0 : 1);
