/**
 * Runs the tests: all of them, or those in the files and folders given; other arguments go to `deno test`. The last line is
 * "N passed, M failed, K skipped", counted in single cases. An ssh server is installed first where that is possible.
 */

import { exists } from "./exists.ts";
import { ensureSshd } from "./ensure_sshd.ts";
import { countCases, formatCounts } from "./test_summary.ts";

async function runTests(args: string[]): Promise<number> {
  const root = new URL("..", import.meta.url);
  const report = await Deno.makeTempFile({ prefix: "escp-tests-", suffix: ".xml" });
  try {
    const isPath = await Promise.all(args.map((arg) => !arg.startsWith("-") && exists(new URL(arg, root))));
    const where = isPath.includes(true) ? [] : ["tests/"];
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "--quiet", "--allow-all", "--no-check", `--junit-path=${report}`, ...args, ...where],
      cwd: root,
      stdin: "null",
    }).spawn().status;
    const counts = countCases(await Deno.readTextFile(report));
    // Files that cannot be loaded and sanitizers fail the run without a case of their own.
    if (code !== 0 && counts.failed === 0) counts.failed = 1;
    console.log(formatCounts(counts));
    return code === 0 && counts.failed > 0 ? 1 : code;
  } finally {
    await Deno.remove(report);
  }
}

await ensureSshd();
Deno.exit(await runTests(Deno.args));
