/** The failures of a copy, grouped by reason. */

import { partsOf } from "../../failure_groups.ts";
import type { CopyReport, ReportedFailure } from "../report.ts";
import { type Html, markup } from "./html.ts";
import { code, section, table } from "./tables.ts";

/** Number of paths of a group that are shown at once. The others are unfolded by a click. */
const SHOWN = 10;

/** Failures with the same reason and hint. */
interface FailureGroup {
  reason: string;
  hint?: string;
  paths: string[];
}

/** Returns the section; nothing without failures. */
export function failuresSection({ failures, failuresOmitted }: Pick<CopyReport, "failures" | "failuresOmitted">): Html {
  const caption = failuresOmitted > 0
    ? `Paths that were not copied, by reason; ${failuresOmitted} more failures are not listed`
    : "Paths that were not copied, by reason";
  return section(
    "Failures",
    table(caption, groupsOf(failures), [
      {
        title: "Reason",
        value: ({ reason, hint }) => [reason, hint && markup`<br><span class="soft">${hint}</span>`],
      },
      { title: "Number", isNumber: true, value: ({ paths }) => paths.length },
      { title: "Paths", value: ({ paths }) => [pathList(paths.slice(0, SHOWN)), otherPaths(paths.slice(SHOWN))] },
    ]),
  );
}

/** Returns the groups, the largest first. */
function groupsOf(failures: readonly ReportedFailure[]): FailureGroup[] {
  const groups = new Map<string, FailureGroup>();
  for (const { path, message, hint, host } of failures) {
    const { operation, reason } = partsOf(message);
    const text = [operation, reason].filter((part) => part !== "").join(": ");
    const key = JSON.stringify([text, hint]);
    const group = groups.get(key) ?? { reason: text, hint, paths: [] };
    group.paths.push(host ? `${host}:${path}` : path);
    groups.set(key, group);
  }
  return [...groups.values()].toSorted((a, b) => b.paths.length - a.paths.length);
}

function otherPaths(paths: readonly string[]): Html | undefined {
  return paths.length === 0
    ? undefined
    : markup`<details><summary>${paths.length} more</summary>${pathList(paths)}</details>`;
}

function pathList(paths: readonly string[]): Html[] {
  return paths.map((path, index) => markup`${index > 0 && markup`<br>`}${code(path)}`);
}
