/** What a client needs of a way for streams that does not go through ssh, whoever opens the connections. */

import { DEFAULT_PORTS } from "./data_port.ts";
import { type Attempt, type Candidate, StreamDialer } from "./dial_streams.ts";
import type { AuthenticatedStream } from "../model/session.ts";

/** Either the client connects to the remote end, or that to the client. */
export interface DirectPath {
  /** Where the streams go, once there is one, as messages name it. */
  readonly address: string | undefined;
  /** How long it takes there and back, at most; undefined: not known yet. */
  readonly roundTripMs: number | undefined;
  /** What came of each place that was tried. */
  readonly attempts: readonly Attempt[];
  /** The first stream; undefined when there is none in that time, and `failures` says then what was tried. */
  first(patienceMs: number, failures: string[]): Promise<AuthenticatedStream | undefined>;
  /** One more, as the first. */
  again(): Promise<AuthenticatedStream>;
  /** What messages say when it is closed. */
  readonly words: {
    /** "Cannot ..." */
    problem: string;
    /** "as ..." */
    reason: string;
    /** What opens it. @param host as the user knows it. */
    opening(host: string): string;
  };
  /** Ends all attempts. */
  close(): void;
}

/** The client connects to one of these places. */
export function dialPath(dialer: StreamDialer, candidates: readonly Candidate[]): DirectPath {
  const port = candidates[0]?.port;
  return {
    get address() {
      return dialer.chosen?.hostname;
    },
    get roundTripMs() {
      return dialer.roundTripMs;
    },
    attempts: dialer.attempts,
    first: (patienceMs, failures) => dialer.first(candidates, patienceMs, failures),
    again: () => dialer.again(),
    words: {
      problem: "Cannot reach the data port of the other side",
      reason: "its port cannot be reached",
      opening: (host) => `${portsToOpen(port)} of ${host} for this machine`,
    },
    close: () => dialer.close(),
  };
}

/** What to open, for messages, where this port is closed. */
export function portsToOpen(port: number | undefined): string {
  const { first, last } = DEFAULT_PORTS;
  const usual = port === undefined || (first <= port && port <= last);
  // Those of a configuration, or any free one, as all of the usual ones were taken.
  const other = usual ? "" : `, or those that are set there (now it was ${port}),`;
  return `Open TCP ports ${first}-${last}${other}`;
}
