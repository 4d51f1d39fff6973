/** Reads the outcome of cases in JUnit reports of `deno test`. */

/** Cases by outcome. Suites do not count. */
export interface TestCounts {
  passed: number;
  failed: number;
  skipped: number;
}

export const NO_CASES: Readonly<TestCounts> = { passed: 0, failed: 0, skipped: 0 };

/** A failed case, or what failed without one: a suite in a hook, or a run. */
export interface FailedCase {
  /** "suite > case". */
  name: string;
  /** Message and stack. */
  text: string;
}

interface ReportedCase {
  name: string;
  outcome: keyof TestCounts;
  body: string;
}

/** Maximum number of lines of a failure in a summary. */
const SHOWN_LINES = 40;
/** Frames of a stack name the file of a test as a URL. */
const TEST_FILE = /\btests\/[^\s:]*_test\.ts(?=:\d)/;

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

/** Returns the failed cases, and suites that failed without a failed case. */
export function failedCases(junit: string): FailedCase[] {
  const failed = readCases(junit).filter(({ outcome }) => outcome === "failed");
  const suites = new Set(failed.flatMap(({ name }) => suitesOf(name)));
  return failed.filter(({ name }) => !suites.has(name)).map(({ name, body }) => ({
    name: unescapeXml(name),
    text: unescapeXml(body.replace(/<(?:failure|error)\b[^>]*>|<\/(?:failure|error)>/g, "")).trim(),
  }));
}

/**
 * Formats a failed case: its file and name, and the first lines of its failure.
 *
 * @param run Name of the run, if the failure does not name the file.
 */
export function formatFailure(run: string, { name, text }: FailedCase): string {
  const file = run.endsWith("_test.ts") ? run : TEST_FILE.exec(text)?.[0] ?? run;
  const lines = text.split("\n");
  const more = lines.length > SHOWN_LINES ? [`... (${lines.length - SHOWN_LINES} more lines)`] : [];
  return [`${file}: ${name}`, ...[...lines.slice(0, SHOWN_LINES), ...more].map((line) => `  ${line}`.trimEnd())]
    .join("\n");
}

/** Returns as many lines of the end of an output as a summary shows. */
export function lastLines(output: string): string {
  return output.trimEnd().split("\n").slice(-SHOWN_LINES).join("\n");
}

/** Formats the end of a run: the failures as by `formatFailure`, their names alone, and the last line. */
export function formatEnd(failures: readonly string[], counts: TestCounts): string {
  if (failures.length === 0) return formatCounts(counts);
  const names = failures.map((failure) => `  ${failure.split("\n")[0]}`);
  return [...failures.map((failure) => `\n${failure}`), "\nFailed:", ...names, formatCounts(counts)].join("\n");
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
    body,
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
