/** Finds what limited a copy, from what this machine has observed of it. */

import { describeTunnel } from "../net/tunnel.ts";
import { BUSY } from "./bottleneck.ts";
import type { End } from "./step.ts";

/** Share of a run from which on one of its phases limits it. */
const MAIN_PHASE = 0.5;
/** Share of the rate of --limit from which on it is the limit. */
const NEAR_LIMIT = 0.9;
/** Share of time with data to send from which on the network or the receiver is the limit. */
const SENDING = 0.5;
/** Share of the busy time in which the peer takes no data from which on the receiver is the limit. */
const BLOCKED = 0.3;
/** Average share of unread data in the receive buffers from which on this machine is the limit. */
const UNREAD = 0.25;
/** Share of segments that are sent again from which on the network loses data. */
const LOSSY = 0.01;

/** Averages of all data connections while they carried files. */
export interface ConnectionFacts {
  /** Share of the time with data to send. */
  busy: number;
  /** Share of the busy time in which the peer took no data. */
  blocked: number;
  /** Share of the receive buffers that was full of unread data. */
  unread: number;
  /** Share of segments that were sent again. */
  lost: number;
}

/** Observations of a run on this machine. */
export interface RunFacts {
  /** "local": on this machine. "between": two remote hosts. */
  direction: "push" | "pull" | "local" | "between";
  /** `lost`: of lost sessions and the pauses after them. The others: of finished sessions. */
  seconds: { total: number; login: number; lost: number; transfer: number; verification: number };
  bytes: number;
  files: number;
  /** Rate limit of the user. */
  limitBytesPerSecond?: number;
  /** Name of the tunnel; undefined if a session needed none. */
  tunnel?: string;
  /** Number of busy cores of this process during the transfer, and of the cores that it can use. */
  busyCores: number;
  usableCores: number;
  /** Connections on which this machine sends or receives files; undefined if the system reports nothing. */
  connections?: ConnectionFacts;
}

/** The slowest part of a run. */
export interface RunLimit {
  what:
    | "nothing"
    | "login"
    | "start"
    | "lost sessions"
    | "verification"
    | "rate limit"
    | "processor"
    | "ssh"
    | "writing"
    | "network"
    | "unknown";
  /** The machine with the limit; undefined if it is none, or the connection. */
  end?: End;
  /** Observations, as phrases. */
  reasons: string[];
}

/** Returns the limit of a run. Pure. */
export function findRunLimit(facts: RunFacts): RunLimit {
  const { seconds, bytes, limitBytesPerSecond: limit } = facts;
  if (bytes === 0 && facts.files === 0) return { what: "nothing", reasons: ["no file was copied"] };
  if (seconds.lost > MAIN_PHASE * seconds.total) {
    return { what: "lost sessions", reasons: [`they took ${percent(seconds.lost / seconds.total)} of the time`] };
  }
  if (seconds.login > MAIN_PHASE * seconds.total) {
    const what = facts.direction === "local" ? "start" : "login";
    return { what, reasons: [`it took ${percent(seconds.login / seconds.total)} of the time`] };
  }
  if (seconds.verification > MAIN_PHASE * seconds.total) {
    return { what: "verification", reasons: [`it took ${percent(seconds.verification / seconds.total)} of the time`] };
  }
  const rate = bytes / Math.max(seconds.transfer, 0.001);
  if (limit && rate >= NEAR_LIMIT * limit) {
    return { what: "rate limit", reasons: [`the rate was ${percent(rate / limit)} of the limit`] };
  }
  const share = facts.busyCores / Math.max(1, facts.usableCores);
  if (share >= BUSY) {
    const reason = `escp kept ${facts.busyCores.toFixed(1)} of ${facts.usableCores} usable cores busy`;
    return { what: "processor", end: "here", reasons: [reason] };
  }
  if (facts.tunnel !== undefined) {
    return { what: "ssh", reasons: [`the data went through ${describeTunnel(facts.tunnel)}`] };
  }
  return limitOfConnections(facts);
}

function limitOfConnections({ direction, connections }: RunFacts): RunLimit {
  if (!connections || direction === "between" || direction === "local") {
    return { what: "unknown", reasons: ["this machine could not observe the limit"] };
  }
  const { busy, blocked, unread, lost } = connections;
  if (direction === "pull") {
    const reason = `receive buffers were ${percent(unread)} full on average`;
    if (unread >= UNREAD) return { what: "writing", end: "here", reasons: [reason] };
    return { what: "unknown", reasons: [reason, "this machine waited for data from the network or the remote host"] };
  }
  if (busy < SENDING) {
    // The sender reads, but also compares files, and waits for results.
    const reason = `data connections had nothing to send for ${percent(1 - busy)} of the time`;
    return { what: "unknown", reasons: [reason] };
  }
  if (blocked >= BLOCKED) {
    const reason = `the remote host took no data for ${percent(blocked)} of the time`;
    return { what: "writing", end: "there", reasons: [reason] };
  }
  const reasons = [`data connections had data to send for ${percent(busy)} of the time`];
  if (lost >= LOSSY) reasons.push(`${(lost * 100).toFixed(1)} % of the segments were sent again`);
  return { what: "network", reasons };
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
