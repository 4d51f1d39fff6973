/** The charts of a report as plain data, which the script of the page draws. */

import type { CopyReport } from "../report.ts";
import type { Cell } from "../record/time_series.ts";

/** A chart over time. */
export interface Chart {
  title: string;
  /** Meaning of the values. */
  note: string;
  unit: "bytes/s" | "bytes" | "ms" | "count";
  /** In seconds, ascending. */
  seconds: number[];
  lines: { label: string; values: Cell[] }[];
}

/** Time over which a rate is averaged, in seconds. */
const RATE_SECONDS = 1;

/** Returns the charts of a copy. Charts without values are omitted. */
export function chartsOf({ series, sessions }: CopyReport): Chart[] {
  const { seconds, written, sent, files, filesFound, bytesFound, cpuSeconds, streams, connections } = series;
  const rate = (counter: Cell[]) => rateOf(seconds, counter);
  const several = sessions.length > 1;
  const name = (session: number, text: string) => several ? `session ${session + 1}, ${text}` : text;
  const ofConnections = (values: (connection: typeof connections[number]) => Cell[]) =>
    connections.map((connection) => ({
      label: name(connection.session, `${connection.host} ${connection.stream + 1}`),
      values: values(connection),
    }));
  const omitted = series.connectionsOmitted > 0 ? ` ${series.connectionsOmitted} more are not shown.` : "";
  const charts: Chart[] = [
    {
      title: "Throughput",
      note: "Written: bytes in files of the target. Carried: bytes that TCP has delivered on all data connections.",
      ...{ unit: "bytes/s", seconds },
      lines: [{ label: "written", values: rate(written) }, { label: "carried", values: rate(sent) }],
    },
    {
      title: "Throughput of each stream",
      note: "Bytes that each data connection has written to files of the target.",
      ...{ unit: "bytes/s", seconds },
      lines: streams.map(({ session, stream, written }) => ({
        label: name(session, `stream ${stream + 1}`),
        values: rate(written),
      })),
    },
    {
      title: "Files",
      note: "Found: files that the scan has found so far.",
      ...{ unit: "count", seconds },
      lines: [{ label: "finished", values: files }, { label: "found", values: filesFound }],
    },
    {
      title: "Bytes",
      note: "Written: bytes of this run. Found: sizes of all files that the scan has found so far.",
      ...{ unit: "bytes", seconds },
      lines: [{ label: "written", values: written }, { label: "found", values: bytesFound }],
    },
    {
      title: "Round trip",
      note: `Of data connections on which this machine sends files, smoothed by TCP.${omitted}`,
      ...{ unit: "ms", seconds },
      lines: ofConnections(({ roundTripMs }) => roundTripMs),
    },
    {
      title: "Retransmits",
      note: `Number of segments that this machine has sent again since the start of each data connection.${omitted}`,
      ...{ unit: "count", seconds },
      lines: ofConnections(({ retransmits }) => retransmits),
    },
    {
      title: "Busy cores",
      note: "Processor time of escp on this machine.",
      ...{ unit: "count", seconds },
      lines: [{ label: "cores", values: rate(cpuSeconds) }],
    },
  ];
  return charts
    .map((chart) => ({ ...chart, lines: chart.lines.filter(({ values }) => values.some((value) => value !== null)) }))
    .filter(({ lines }) => lines.length > 0 && seconds.length > 1);
}

/** Returns the increase per second of a counter over about the last second; null if it is unknown or has started over. */
export function rateOf(seconds: readonly number[], counter: readonly Cell[]): Cell[] {
  let from = 0;
  return seconds.map((now, at) => {
    while (from < at - 1 && seconds[from + 1] <= now - RATE_SECONDS) from++;
    if (at === 0) return null;
    const [before, value] = [counter[from], counter[at]];
    // A column begins within the window.
    if (before === null && value !== null) {
      const start = firstFrom(counter, from);
      return start < at ? perSecond(value - counter[start]!, now - seconds[start]) : null;
    }
    return before === null || value === null ? null : perSecond(value - before, now - seconds[from]);
  });
}

function firstFrom(counter: readonly Cell[], from: number): number {
  let at = from;
  while (counter[at] === null) at++;
  return at;
}

function perSecond(amount: number, seconds: number): Cell {
  return amount < 0 || seconds <= 0 ? null : Math.round(amount / seconds * 1000) / 1000;
}
