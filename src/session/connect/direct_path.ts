/** Direct routes: data connections that do not go through ssh. */

import { type Attempt, type Candidate, type Patience, StreamDialer } from "./dial_streams.ts";
import { DEFAULT_PORTS, type PortRange } from "../../ssh/port_range.ts";
import type { AuthenticatedStream } from "../model/session.ts";

/** A direct route. The client connects to the remote end, or vice versa. */
export interface DirectPath {
  /** Address of the streams for messages; undefined before the first. */
  readonly address: string | undefined;
  /** Upper bound of the round trip, in milliseconds; undefined if unknown. */
  readonly roundTripMs: number | undefined;
  /** Addresses that were tried. */
  readonly attempts: readonly Attempt[];
  /** Opens the first stream. @returns undefined if the time is over; then `failures` has a line per address. */
  first(patience: Patience, failures: string[]): Promise<AuthenticatedStream | undefined>;
  /** Opens another stream by the route of the first. */
  again(): Promise<AuthenticatedStream>;
  /** Texts for messages about a blocked route. */
  readonly messages: {
    /** A sentence that begins with "Cannot". */
    problem: string;
    /** Returns a clause that follows "because". @param host name of the remote host. */
    reason(host: string): string;
    /** Returns how to open the route. @param host name of the remote host. */
    opening(host: string): string;
  };
  /** Ends all attempts. */
  close(): void;
}

/** Ports of the remote host, for messages. */
export interface RemotePorts {
  /** The port that the remote host listens on. */
  port?: number;
  /** Ports that the user has requested. */
  ports?: PortRange;
}

/** Returns the route by which the client connects to one of these addresses. */
export function dialPath(
  dialer: StreamDialer,
  candidates: readonly Candidate[],
  { port, ports }: RemotePorts,
): DirectPath {
  return {
    get address() {
      return dialer.chosen?.hostname;
    },
    get roundTripMs() {
      return dialer.roundTripMs;
    },
    attempts: dialer.attempts,
    first: (patience, failures) => dialer.first(candidates, patience, failures),
    again: () => dialer.again(),
    messages: {
      problem: "Cannot reach the data port of the remote host",
      reason: (host) => `no data port of ${host} can be reached`,
      opening: (host) => `${portsToOpen(port, ports)} of ${host} for this machine`,
    },
    close: () => dialer.close(),
  };
}

/**
 * Returns which ports to open, for messages.
 *
 * @param port the one that was blocked; undefined if unknown.
 * @param requested ports that the user has requested. The configuration of the host may replace them.
 */
export function portsToOpen(port: number | undefined, requested?: PortRange): string {
  if (requested && (port === undefined || (requested.first <= port && port <= requested.last))) {
    const { first, last } = requested;
    return first === last ? `Open TCP port ${first}` : `Open TCP ports ${first}-${last}`;
  }
  const { first, last } = DEFAULT_PORTS;
  const usual = port === undefined || (first <= port && port <= last);
  // The port is from a configuration, or any free port, because all default ports were taken.
  const other = usual ? "" : `, or the ports that the host is configured to use (${port} in this run),`;
  return `Open TCP ports ${first}-${last}${other}`;
}
