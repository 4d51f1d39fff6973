/** The results of a benchmark as a page, like that of `escp --report`. */

import { VERSION } from "../../src/cli/version.ts";
import { renderReport } from "../../src/ui/report/page/render_report.ts";
import type { CaseResults } from "./table.ts";

/** Returns an HTML document. */
export function benchmarkPage(
  finished: readonly CaseResults[],
  { machine, startedAt }: { machine: Record<string, string>; startedAt: Date },
): string {
  return renderReport({
    ...{ format: "escp-report", version: 1, escp: VERSION, startedAt: startedAt.toISOString(), task: "benchmark" },
    machine,
    cases: finished.map(({ item: { title, bytes, files }, results }) => ({
      ...{ title, bytes, files },
      results: results.map(({ contender, rounds, shrunk = 1, failure }) => ({
        program: shrunk > 1 ? `${contender}, 1/${shrunk} of it times ${shrunk}` : contender,
        seconds: rounds.map(({ wallSeconds }) => wallSeconds * shrunk),
        cpuSeconds: rounds.map(({ cpuSeconds }) => cpuSeconds * shrunk),
        failure,
      })),
    })),
  });
}
