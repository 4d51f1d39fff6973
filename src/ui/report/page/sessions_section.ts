/** The sessions of a copy and their phases. */

import { formatDuration } from "../../format.ts";
import type { ReportedSession } from "../report.ts";
import { barChart } from "./bar_chart.ts";
import type { Html } from "./html.ts";
import { section, table } from "./tables.ts";

/** Maximum number of bars. The table lists all phases. */
const MAX_BARS = 40;
/** Maximum length of a name of hosts beside a bar. */
const MAX_LABEL = 20;

/** Returns the section. @param seconds duration of the run. */
export function sessionsSection(sessions: readonly ReportedSession[], seconds: number): Html {
  const numbered = sessions.map((session) => ({ ...session, name: `${session.number + 1}: ${session.hosts}` }));
  const phases = numbered.flatMap(({ name, phases }) => phases.map((phase) => ({ session: name, ...phase })));
  const bars = phases.slice(0, MAX_BARS).map(({ session, name, start, seconds }) => ({
    label: sessions.length > 1 ? `${shortened(session)}, ${name}` : name,
    start,
    length: seconds,
    text: formatDuration(seconds * 1000),
  }));
  const note = "From the start of the run to its end. The scan runs during the transfer.";
  return section(
    "Phases and sessions",
    barChart({ title: "Phases", note }, bars, seconds),
    table("Phases", phases, [
      { title: "Session", value: ({ session }) => session },
      { title: "Phase", value: ({ name }) => name },
      { title: "Starts at", isNumber: true, value: ({ start }) => `${start.toFixed(2)} s` },
      { title: "Takes", isNumber: true, value: ({ seconds }) => `${seconds.toFixed(2)} s` },
    ]),
    table("Sessions: each pair of hosts and each retry has one", numbered, [
      { title: "Session", value: ({ name }) => name },
      { title: "Outcome", value: ({ outcome, message }) => message === undefined ? outcome : `${outcome}: ${message}` },
      { title: "Starts at", isNumber: true, value: ({ start }) => `${start.toFixed(2)} s` },
      { title: "Streams", isNumber: true, value: ({ streams }) => streams },
      {
        title: "Round trip",
        isNumber: true,
        value: ({ roundTripMs }) => roundTripMs && `${roundTripMs.toFixed(2)} ms`,
      },
      { title: "Address", value: ({ address }) => address },
    ]),
  );
}

function shortened(text: string): string {
  return text.length > MAX_LABEL ? `${text.slice(0, MAX_LABEL - 1)}…` : text;
}
