/**
 * Runs the tests: all of them, or those in the files and directories given; other arguments (`--name=value`) go to `deno test`,
 * and `--jobs=N` says how many files run at the same time (default: one a core). The last line is "N passed, M failed,
 * K skipped", counted in single cases. An ssh server is installed first where that is possible.
 */

import { ensureSshd } from "./ensure_sshd.ts";
import { inParallel } from "./in_parallel.ts";
import { findTestFiles, planRuns } from "./test_runs.ts";
import { addCounts, countCases, formatCounts, type TestCounts } from "./test_summary.ts";

const ROOT = new URL("..", import.meta.url);

interface RunResult {
  code: number;
  counts: TestCounts;
}

/** Runs some files in a process of their own, as tests may change its environment, and prints what it says in one piece. */
async function runFiles(files: readonly string[], flags: readonly string[]): Promise<RunResult> {
  const report = await Deno.makeTempFile({ prefix: "escp-tests-", suffix: ".xml" });
  // Not that of the developer, whatever a test starts.
  const state = await Deno.makeTempDir({ prefix: "escp-tests-state-" });
  try {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "--quiet", "--allow-all", "--no-check", `--junit-path=${report}`, ...flags, ...files],
      cwd: ROOT,
      env: { XDG_STATE_HOME: state },
      stdin: "null",
    }).output();
    await Deno.stdout.write(stdout);
    await Deno.stderr.write(stderr);
    const counts = countCases(await Deno.readTextFile(report));
    // Files that cannot be loaded and sanitizers fail the run without a case of their own.
    if (code !== 0 && counts.failed === 0) counts.failed = 1;
    return { code, counts };
  } finally {
    await Deno.remove(report);
    await Deno.remove(state, { recursive: true });
  }
}

async function runTests(args: readonly string[]): Promise<number> {
  const jobs = Number(args.find((arg) => arg.startsWith("--jobs="))?.slice(7) ?? navigator.hardwareConcurrency);
  const flags = args.filter((arg) => arg.startsWith("-") && !arg.startsWith("--jobs="));
  const paths = args.filter((arg) => !arg.startsWith("-"));
  const runs = planRuns(await findTestFiles(ROOT, paths.length > 0 ? paths : ["tests"]));
  const results = await inParallel(runs, jobs, ({ files }) => runFiles(files, flags));
  const failed = runs.filter((_, index) => results[index].code !== 0).map(({ name }) => name);
  if (failed.length > 0) console.log(`Failed: ${failed.join(", ")}`);
  console.log(
    formatCounts(results.map(({ counts }) => counts).reduce(addCounts, { passed: 0, failed: 0, skipped: 0 })),
  );
  return failed.length > 0 ? 1 : 0;
}

await ensureSshd();
Deno.exit(await runTests(Deno.args));
