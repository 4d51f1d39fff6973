/** Counts the cases in JUnit reports of `deno test`. */

/** Cases by outcome. Suites do not count. */
export interface TestCounts {
  passed: number;
  failed: number;
  skipped: number;
}

export const NO_CASES: Readonly<TestCounts> = { passed: 0, failed: 0, skipped: 0 };

interface ReportedCase {
  name: string;
  outcome: keyof TestCounts;
}

/**
 * Counts the cases of a report. Deno reports a suite as a case of its own, "suite", next to "suite > case". The suite counts
 * only if it failed without a failed case, for example in a hook.
 */
export function countCases(junit: string): TestCounts {
  const counts = { ...NO_CASES };
  const cases = readCases(junit);
  const suites = new Set<string>();
  const failedInside = new Set<string>();
  for (const { name, outcome } of cases) {
    for (const suite of suitesOf(name)) {
      suites.add(suite);
      if (outcome === "failed") failedInside.add(suite);
    }
  }
  for (const { name, outcome } of cases) {
    if (!suites.has(name) || (outcome === "failed" && !failedInside.has(name))) counts[outcome]++;
  }
  return counts;
}

/** Returns the sums of both. */
export function addCounts(a: TestCounts, b: TestCounts): TestCounts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** Returns the names of failed cases, as "suite > case", and of suites that failed without a failed case. */
export function failedCases(junit: string): string[] {
  const failed = readCases(junit).filter(({ outcome }) => outcome === "failed").map(({ name }) => name);
  const suites = new Set(failed.flatMap(suitesOf));
  return failed.filter((name) => !suites.has(name)).map(unescapeXml);
}

/** Formats the last line of a run. */
export function formatCounts(counts: TestCounts): string {
  return `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
}

function readCases(junit: string): ReportedCase[] {
  // Names are attributes, in which "<" and "]]>" are escaped, so the text of a failure cannot look like the end of a case.
  const pattern = /<testcase name="([^"]*)"[^>]*?(?:\/>|>([^]*?)<\/testcase>)/g;
  return [...junit.matchAll(pattern)].map(([, name, body = ""]) => ({
    name,
    outcome: body.includes("<failure") || body.includes("<error")
      ? "failed"
      : body.includes("<skipped")
      ? "skipped"
      : "passed",
  }));
}

/** Returns the suites of a case: "a > b > c" is in "a" and "a > b". */
function suitesOf(name: string): string[] {
  const parts = name.split(" &gt; ");
  return parts.slice(1).map((_, at) => parts.slice(0, at + 1).join(" &gt; "));
}

function unescapeXml(escaped: string): string {
  const characters: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return escaped.replace(/&(lt|gt|quot|apos|amp);/g, (_, name) => characters[name]);
}
