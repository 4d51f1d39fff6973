/**
 * Runs all tests, or those in the given files and directories. The end of the output names failed cases with their messages.
 * The last line is "N passed, M failed, K skipped", counted in cases. Before the tests it installs an ssh server if it is
 * missing and may be installed. A file that fails while the machine stalls runs again.
 *
 * Options: `--jobs=N` runs N files at a time; `--from-source` starts escp from its modules instead of a bundle;
 * `--failures=FILE` also appends the failures to a file. Other arguments that begin with a dash go to `deno test`.
 */

import { pooledMap } from "@std/async/pool";
import { concat } from "@std/bytes/concat";
import { ensureSshd } from "./ensure_sshd.ts";
import { bundle } from "./bundle.ts";
import { fromFileUrl } from "@std/path";
import { parseTestArgs } from "./test/args.ts";
import { findTestFiles, joinedTests, planRuns, type TestRun } from "./test/runs.ts";
import {
  addCounts,
  countCases,
  failedCases,
  formatEnd,
  formatFailure,
  lastLines,
  NO_CASES,
  type TestCounts,
} from "./test/summary.ts";
import { diskProbe, rerunAfterStall, StallWatch } from "./test/stall_watch.ts";

const ROOT = fromFileUrl(new URL("..", import.meta.url));
/** Seconds that each test file took when it last ran alone in a process. */
const TIMES = `${ROOT}dist/test_times.json`;
const SHOWN_TIMES = 5;

interface RunResult {
  run: TestRun;
  code: number;
  counts: TestCounts;
  /** Failed cases with their messages. */
  failures: string[];
  seconds: number;
}

/** Runs files in one process, because tests may change its environment, and prints its output in one piece. */
async function runFiles(run: TestRun, flags: readonly string[], env: Record<string, string>): Promise<RunResult> {
  const started = performance.now();
  const report = await Deno.makeTempFile({ prefix: "escp-tests-", suffix: ".xml" });
  // Keeps every program that a test starts away from the state directory of the developer.
  const state = await Deno.makeTempDir({ prefix: "escp-tests-state-" });
  try {
    const options = ["--quiet", "--allow-all", "--no-check", "--config", `${ROOT}deno.json`, `--junit-path=${report}`];
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["test", ...options, ...flags, ...await modulesOf(run, state)],
      cwd: ROOT,
      env: { ...env, XDG_STATE_HOME: state },
      stdin: "null",
    }).output();
    await Deno.stdout.write(stdout);
    await Deno.stderr.write(stderr);
    const junit = await Deno.readTextFile(report);
    const counts = countCases(junit);
    const failed = failedCases(junit);
    // Files that cannot be loaded and sanitizers fail the run without a case of their own.
    if (code !== 0 && failed.length === 0) {
      counts.failed = 1;
      const output = new TextDecoder().decode(concat([stdout, stderr]));
      failed.push({ name: `status ${code}`, text: lastLines(output) });
    }
    const failures = failed.map((each) => formatFailure(run.name, each));
    return { run, code, counts, failures, seconds: Math.round((performance.now() - started) / 1000) };
  } finally {
    await Deno.remove(report);
    await Deno.remove(state, { recursive: true });
  }
}

/** Returns the modules to run: one in `directory` that imports all quick files, or the files themselves. */
async function modulesOf({ files, isQuick }: TestRun, directory: string): Promise<readonly string[]> {
  if (!isQuick || files.length === 1) return files;
  const path = `${directory}/quick_test.ts`;
  await Deno.writeTextFile(path, joinedTests(ROOT, files));
  return [path];
}

async function readTimes(): Promise<Record<string, number>> {
  try {
    return JSON.parse(await Deno.readTextFile(TIMES));
  } catch {
    return {};
  }
}

/** Stores the times, so that the next run starts the slowest files first. */
async function writeTimes(times: Record<string, number>, results: readonly RunResult[]): Promise<void> {
  const measured = results.filter(({ run }) => run.files.length === 1);
  const merged = { ...times, ...Object.fromEntries(measured.map(({ run, seconds }) => [run.files[0], seconds])) };
  await Deno.mkdir(`${ROOT}dist`, { recursive: true });
  await Deno.writeTextFile(TIMES, JSON.stringify(merged, undefined, 2) + "\n");
}

async function runTests(args: string[]): Promise<number> {
  const { paths, jobs, fromSource, failures, flags } = parseTestArgs(args);
  const times = await readTimes();
  const files = await findTestFiles(ROOT, paths.length > 0 ? paths : ["tests"]);
  const runs = planRuns(files, times);

  const directory = await Deno.makeTempDir({ prefix: "escp-tests-bundle-" });
  const results: RunResult[] = [];
  const repeated: string[] = [];
  try {
    await using watch = new StallWatch(await diskProbe(directory));
    const needsBundle = !fromSource && !Deno.env.has("ESCP_BINARY") && files.some(({ startsEscp }) => startsEscp);
    const bundled = needsBundle ? bundle(ROOT, directory, { loadsLate: true }) : undefined;
    // Each run that needs the bundle reports its failure.
    bundled?.catch(() => {});
    const start = async (run: TestRun) => {
      const env: Record<string, string> = run.isQuick || !bundled ? {} : { ESCP_BUNDLE: (await bundled).main };
      return await rerunAfterStall(watch, () => runFiles(run, flags, env), (ms) => {
        repeated.push(`${run.name} failed while the machine stalled for ${Math.round(ms / 1000)} s, and ran again`);
      });
    };
    for await (const result of pooledMap(jobs, runs, start)) results.push(result);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
  await writeTimes(times, results);

  const failed = results.flatMap(({ failures }) => failures);
  if (failures !== undefined) {
    await Deno.writeTextFile(failures, failed.map((failure) => `${failure}\n\n`).join(""), { append: true });
  }
  const slowest = results.toSorted((a, b) => b.seconds - a.seconds).slice(0, SHOWN_TIMES);
  if (results.length > SHOWN_TIMES) {
    console.log(`Slowest: ${slowest.map(({ run, seconds }) => `${run.name} ${seconds} s`).join(", ")}`);
  }
  for (const line of repeated) console.log(line);
  console.log(formatEnd(failed, results.map(({ counts }) => counts).reduce(addCounts, NO_CASES)));
  return results.some(({ code }) => code !== 0) ? 1 : 0;
}

await ensureSshd();
Deno.exit(await runTests(Deno.args));
