/**
 * Runs escp from source as on Linux on ARM64, by emulation: what it finds there, a copy with each engine, and the suites
 * of what depends on the processor. Says what passed, what cannot be run and why. Arguments: the suites to be run, and
 * `--seconds=N`, the most that each step may take (600).
 */

import { fromFileUrl } from "@std/path";
import { compareTrees } from "../tests/support/compare_trees.ts";
import { randomTree } from "../tests/support/random_bytes.ts";
import { createTempDirectory } from "../tests/support/temp.ts";
import { writeTree } from "../tests/support/temp_tree.ts";
import { emulate, PROGRAMS } from "./arm64/emulator.ts";
import { type Arm64Machine, fetchMachine } from "./arm64/machine.ts";
import { IMPOSSIBLE, SUITES } from "./arm64/suites.ts";
import { exists } from "@std/fs/exists";
import { countCases, failedCases, formatCounts } from "./test_summary.ts";

const ROOT = fromFileUrl(new URL("..", import.meta.url)).replace(/\/$/, "");
const DIRECTORY = `${ROOT}/dist/arm64`;
const RUN = ["run", "--quiet", "--no-check", "--allow-all", "main.ts"];

async function main(args: string[]): Promise<boolean> {
  const missing = await missingNeeds();
  if (missing.length > 0) {
    for (const need of missing) console.log(`Missing: ${need}`);
    return false;
  }
  const seconds = Number(args.find((arg) => arg.startsWith("--seconds="))?.slice("--seconds=".length) ?? 600);
  const wanted = args.filter((arg) => !arg.startsWith("--"));
  const machine = await fetchMachine(DIRECTORY);
  console.log(`Deno ${machine.version} for ARM64`);
  if (!await startsThere(machine, seconds)) return false;
  let good = true;
  for (const engine of ["native", "portable"]) good = await copiesThere(machine, engine, seconds) && good;
  for (const suite of SUITES) {
    if (wanted.length === 0 || wanted.some((path) => suite.path.startsWith(path))) {
      good = await passesThere(machine, suite, seconds) && good;
    }
  }
  console.log(
    "Not run: what starts escp again and again (e2e, faults, session, transfer, cli); seconds for each start",
  );
  return good;
}

/** What has to be there first; nothing when all is. */
async function missingNeeds(): Promise<string[]> {
  if (Deno.build.os !== "linux" || Deno.build.arch !== "x86_64") {
    return [`Linux on x86-64 (this is ${Deno.build.target}; on ARM64 itself "deno task test" does it all)`];
  }
  const missing = Deno.uid() === 0 ? [] : ["root, to set up namespaces"];
  for (const [program, name] of Object.entries(PROGRAMS)) {
    if (await exists(program) || await isInPath(program)) continue;
    missing.push(`${program} (apt-get install ${name})`);
  }
  return missing;
}

async function isInPath(program: string): Promise<boolean> {
  const name = program.slice(program.lastIndexOf("/") + 1);
  for (const directory of (Deno.env.get("PATH") ?? "").split(":")) {
    if (await exists(`${directory}/${name}`)) return true;
  }
  return false;
}

async function startsThere(machine: Arm64Machine, limit: number): Promise<boolean> {
  const { code, output, seconds } = await emulate(machine, [machine.deno, ...RUN, "-V", "-v"], {
    seconds: limit,
    cwd: ROOT,
  });
  console.log(output.trimEnd());
  const works = code === 0 && /^ *file engine +native/m.test(output) && output.includes("aarch64-unknown-linux-gnu");
  console.log(works ? `ok: it starts, and has the native engine (${time(seconds)})` : `FAILED: status ${code}`);
  return works;
}

async function copiesThere(machine: Arm64Machine, engine: string, limit: number): Promise<boolean> {
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

async function passesThere(
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
      `NOT DONE: ${path} within ${time(seconds)}; the last that it said:\n${run.output.trimEnd().slice(-300)}`,
    );
    return false;
  }
  const junit = await exists(report) ? await Deno.readTextFile(report) : "";
  const failed = failedCases(junit);
  const unexpected = failed.filter((name) => !(name in IMPOSSIBLE));
  for (const name of failed) if (name in IMPOSSIBLE) console.log(`  not possible here: ${name}: ${IMPOSSIBLE[name]}`);
  const works = unexpected.length === 0 && (run.code === 0 || failed.length > 0);
  console.log(`${works ? "ok" : "FAILED"}: ${path}: ${formatCounts(countCases(junit))} (${time(run.seconds)})`);
  if (!works) console.log(run.output);
  return works;
}

function time(seconds: number): string {
  return `${seconds.toFixed(0)} s`;
}

Deno.exit(await main(Deno.args) ? 0 : 1);
