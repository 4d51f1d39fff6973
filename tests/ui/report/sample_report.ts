/** A report with everything that a page can show. */

import type { CopyReport } from "../../../src/ui/report/report.ts";

/** A name that must not become markup. */
export const EVIL = `<script>alert(1)</script>"'&<img src=x onerror=alert(2)>\u202e`;

/** Returns a report of two sessions, the first of which was lost. */
export function sampleReport(): CopyReport {
  const seconds = Array.from({ length: 121 }, (_, at) => at / 4);
  const written = seconds.map((at) => at < 2 ? 0 : Math.round((at - 2) * 150e6 + Math.sin(at) * 40e6));
  const part = (from: number, to: number, value: (at: number) => number) =>
    seconds.map((at) => at < from || at > to ? null : value(at));
  const connections = [0, 1].flatMap((session) =>
    [0, 1, 2].map((stream) => {
      const [from, to] = session === 0 ? [2, 12] : [14, 30];
      return {
        ...{ session, stream, host: "web1" },
        carried: part(from, to, (at) => Math.round((at - from) * (40e6 + stream * 5e6))),
        roundTripMs: part(from, to, (at) => 20 + stream + Math.sin(at) * 4),
        retransmits: part(from, to, (at) => Math.floor((at - from) * stream)),
      };
    })
  );
  const phases = (start: number, login: number, transfer: number) => [
    { name: "login", start, seconds: login },
    { name: "scan", start: start + login, seconds: 1.5 },
    { name: "transfer", start: start + login, seconds: transfer },
  ];
  const system = {
    ...{ system: "linux x86_64", cores: 8, loadPercent: 130, threads: 4, files: "native" },
    ...{ cipher: { engine: "native", library: "OpenSSL 3.5.0" }, codecs: ["zstd", "deflate"], notes: ["a note"] },
    network: { congestion: "bbr", rmemMax: 212992 },
  };
  const route = { streams: 3, engine: "native", address: "192.0.2.7", roundTripMs: 19.8 };
  return {
    ...{ format: "escp-report", version: 1, escp: "1.2.3", startedAt: "2026-01-31T12:00:00.000Z", task: "copy" },
    ...{ sources: ["data", EVIL], target: "web1:/srv", options: ["--recursive", "--verify"] },
    result: {
      ...{ status: "failed", exitStatus: 1, seconds: 30, files: 5210, bytes: 4.2e9, resumed: 1e8 },
      ...{ failed: 1, skipped: 7 },
    },
    limit: { what: "network", reasons: ["data connections had data to send for 93 % of the time"] },
    machines: [
      { name: "this machine", end: "here", version: "1.2.3", system },
      { name: "web1", end: "there", version: "1.2.2", platform: "linux aarch64, 4 cores" },
    ],
    sessions: [
      {
        number: 0,
        hosts: "web1",
        start: 0,
        ...route,
        outcome: "lost",
        message: "Connection reset",
        phases: phases(0, 2, 10),
      },
      { number: 1, hosts: "web1", start: 12.5, ...route, outcome: "finished", phases: phases(12.5, 1.5, 16) },
    ],
    sessionsOmitted: 0,
    series: {
      seconds,
      written,
      sent: seconds.map((at) => at < 2 ? null : Math.round((at - 1.9) * 152e6)),
      files: seconds.map((at) => Math.floor(at * 170)),
      filesFound: seconds.map((at) => Math.min(5218, Math.floor(at * 1000))),
      bytesFound: seconds.map((at) => Math.min(4.2e9, at * 1e9)),
      cpuSeconds: seconds.map((at) => at * 0.8),
      streams: connections.map(({ session, stream, carried }) => ({ session, stream, written: carried })),
      connections,
      connectionsOmitted: 2,
    },
    slowest: [{ path: `data/${EVIL}`, bytes: 2e9, seconds: 14.2 }, { path: "data/b", bytes: 1e9, seconds: 7 }],
    unfinished: [{ path: `data/${EVIL}`, bytes: 3e9 }],
    unfinishedOmitted: 2,
    failures: [{
      path: EVIL,
      message: `Cannot read "${EVIL}": Permission denied`,
      hint: "Log in as root",
      host: "web1",
    }],
    failuresOmitted: 0,
    notes: [`A note about ${EVIL}`],
    notesOmitted: 3,
  };
}
