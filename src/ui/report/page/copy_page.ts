/** The page of a copy. */

import { formatBytes, formatCount, formatDuration, formatRate } from "../../format.ts";
import { summaryLine } from "../../summary.ts";
import type { CopyReport, CopyResult, ReportedSession } from "../report.ts";
import { chartsOf } from "./charts.ts";
import { adviceFor, describeLimit } from "./describe_limit.ts";
import { type Html, markup } from "./html.ts";
import type { PageContents } from "./page.ts";
import { failuresSection } from "./failures_section.ts";
import { sessionsSection } from "./sessions_section.ts";
import { systemTexts } from "./system_texts.ts";
import { code, list, section, table, terms, verdict } from "./tables.ts";

const STATUS = {
  ok: "Everything was copied",
  failed: "Some paths were not copied",
  error: "The copy failed",
  interrupted: "The copy was interrupted",
};

/** Maximum number of sources in the title. */
const MAX_SOURCES = 3;

/** Returns the contents of the page. */
export function copyPage(report: CopyReport): PageContents {
  const { sessions, result, options, notes, notesOmitted } = report;
  return {
    title: titleOf(report),
    charts: chartsOf(report),
    before: [...summary(report), failuresSection(report), unfinishedSection(report)],
    after: [
      sessionsSection(sessions, result.seconds),
      slowestSection(report),
      machinesSection(report),
      section(
        "Options",
        options.length > 0 ? markup`<p>${options.map((word) => [code(word), " "])}</p>` : markup`<p>none</p>`,
      ),
      section("Notes", list([...notes, ...(notesOmitted > 0 ? [`${notesOmitted} more notes are not listed`] : [])])),
    ],
  };
}

function titleOf({ sources, filelist, target }: CopyReport): string {
  const shown = sources.slice(0, MAX_SOURCES);
  const others = sources.length - shown.length;
  const from = [
    ...shown,
    ...(others > 0 ? [`${others} more`] : []),
    ...(filelist === undefined ? [] : [`the list ${filelist}`]),
  ];
  return `${from.join(", ")} to ${target || "the targets of the list"}`;
}

function summary(report: CopyReport): Html[] {
  const { result, limit, sessions, machines, startedAt } = report;
  const { status, message, hint, seconds, exitStatus } = result;
  const last = sessions.at(-1);
  const finished = { type: "finished", streams: last?.streams ?? 0, engine: last?.engine ?? "", ...result } as const;
  const line = summaryLine(finished, { totalMs: seconds * 1000, skippedAs: result.skippedAs });
  const reason = [message, hint === undefined ? undefined : `Hint: ${hint}`];
  const lines = [headline(result), ...reason, line];
  return [
    verdict(lines.filter((text) => text !== undefined), { isBad: status !== "ok" }),
    terms([
      ["Limit", limit && markup`<strong>${describeLimit(limit)}</strong>: ${limit.reasons.join("; ")}`],
      ["Advice", limit && adviceFor(limit, { hasRemote: machines.length > 1 })],
      ["Rate", rateOf(report)],
      ["Sessions", describeSessions(report)],
      ["Route", last && routeOf(last)],
      ["Started", startedAt],
      ["Exit status", exitStatus],
    ]),
  ];
}

function headline({ status, dryRun, dummy }: CopyResult): string {
  if (status !== "ok") return STATUS[status];
  if (dryRun) return "Dry run: nothing was copied";
  return dummy === undefined ? STATUS.ok : "Measurement with synthetic files: nothing was copied";
}

/** Returns the rate of all sessions together; undefined if nothing was copied. */
function rateOf({ result, sessions, series }: CopyReport): string | undefined {
  const seconds = sessions.flatMap(({ phases }) => phases)
    .reduce((sum, { name, seconds }) => sum + (name === "transfer" ? seconds : 0), 0);
  if (seconds === 0 || result.dryRun || result.dummy !== undefined) return undefined;
  const rate = formatRate((series.written.at(-1) ?? 0) / seconds);
  return `${rate} during the transfer of ${formatDuration(seconds * 1000)}`;
}

function describeSessions({ sessions, sessionsOmitted }: CopyReport): string {
  const lost = sessions.filter(({ outcome }) => outcome === "lost");
  const omitted = sessionsOmitted > 0 ? `, and ${sessionsOmitted} that are not listed` : "";
  if (lost.length === 0) return `${sessions.length}${omitted}`;
  return `${sessions.length}, ${lost.length} of them lost, the last one: ${lost.at(-1)!.message}${omitted}`;
}

function routeOf({ address, streams, engine, roundTripMs }: ReportedSession): string | undefined {
  if (!streams) return undefined;
  const trip = roundTripMs === undefined ? "" : `, round trip ${roundTripMs.toFixed(1)} ms`;
  return `${formatCount(streams, "stream")}${address ? ` over ${address}` : ""}, ${engine} engine${trip}`;
}

function unfinishedSection({ unfinished = [], unfinishedOmitted = 0 }: CopyReport): Html {
  const more = unfinishedOmitted > 0 ? `; ${unfinishedOmitted} more are not listed` : "";
  return section(
    "Unfinished files",
    table(`Large files whose copies had begun when the transfer ended${more}`, unfinished, [
      { title: "Size", isNumber: true, value: ({ bytes }) => formatBytes(bytes) },
      { title: "Path", value: ({ path }) => code(path) },
    ]),
  );
}

function slowestSection({ slowest }: CopyReport): Html {
  return section(
    "Slowest large files",
    table("From the announcement of a file to its final name. Small files travel in packs.", slowest, [
      { title: "Seconds", isNumber: true, value: ({ seconds }) => seconds.toFixed(2) },
      { title: "Size", isNumber: true, value: ({ bytes }) => formatBytes(bytes) },
      { title: "Rate", isNumber: true, value: ({ bytes, seconds }) => formatRate(bytes / Math.max(seconds, 0.001)) },
      { title: "Path", value: ({ path }) => code(path) },
    ]),
  );
}

function machinesSection({ machines }: CopyReport): Html {
  return section(
    "Machines",
    table("What this machine knows of both ends", machines, [
      { title: "Machine", value: ({ name }) => name },
      { title: "escp", value: ({ version }) => version },
      { title: "System", value: ({ system, platform }) => system ? lines(systemTexts(system)) : platform },
    ]),
  );
}

function lines(texts: readonly string[]): Html[] {
  return texts.map((text) => markup`${text}<br>`);
}
