/** Counts the cases in JUnit reports of `deno test`. */

/** What a test run amounts to. Suites are not counted, only the cases in them. */
export interface TestCounts {
  passed: number;
  failed: number;
  skipped: number;
}

interface ReportedCase {
  name: string;
  outcome: keyof TestCounts;
}

/**
 * Counts the cases. In Deno's report a suite stands as a case of its own, "suite", beside "suite > case"; it counts only
 * when it failed although none of its cases did, as with a hook that throws.
 */
export function countCases(junit: string): TestCounts {
  const counts: TestCounts = { passed: 0, failed: 0, skipped: 0 };
  const cases = readCases(junit);
  const suites = new Set<string>();
  const failedInside = new Set<string>();
  for (const { name, outcome } of cases) {
    for (const suite of suitesAround(name)) {
      suites.add(suite);
      if (outcome === "failed") failedInside.add(suite);
    }
  }
  for (const { name, outcome } of cases) {
    if (!suites.has(name) || (outcome === "failed" && !failedInside.has(name))) counts[outcome]++;
  }
  return counts;
}

/** Both together. */
export function addCounts(a: TestCounts, b: TestCounts): TestCounts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** Names of the cases that failed, as "suite > case"; of a suite only when none in it did. */
export function failedCases(junit: string): string[] {
  const failed = readCases(junit).filter(({ outcome }) => outcome === "failed").map(({ name }) => name);
  const around = new Set(failed.flatMap(suitesAround));
  return failed.filter((name) => !around.has(name)).map(plainText);
}

/** The closing line of a run. */
export function formatCounts(counts: TestCounts): string {
  return `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
}

function readCases(junit: string): ReportedCase[] {
  // Names are in attributes, where "<" and "]]>" are escaped, so that a failure's text cannot look like the end of a case.
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

/** "a > b > c" lies in "a" and "a > b". */
function suitesAround(name: string): string[] {
  const parts = name.split(" &gt; ");
  return parts.slice(1).map((_, at) => parts.slice(0, at + 1).join(" &gt; "));
}

function plainText(escaped: string): string {
  const characters: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return escaped.replace(/&(lt|gt|quot|apos|amp);/g, (_, name) => characters[name]);
}
