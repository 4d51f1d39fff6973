/** Statistics of the data connections of a run. */

import type { ConnectionFacts } from "../../../doctor/run_limit.ts";
import { observeConnection, type ObservedConnection, type TcpInfo } from "../../../native/net/tcp_info.ts";
import type { AuthenticatedStream } from "../../../session/model/session.ts";
import type { ObservedPeer } from "../../../transfer/observer.ts";

/** Maximum number of connections with columns of their own, in all sessions of a run. */
export const MAX_CONNECTIONS = 64;
/** Maximum number of open connections that are observed. */
const MAX_OPEN = 1024;
/** Bytes between two samples from which on a connection carries files, not only keep-alives and questions. */
const CARRYING = 4096;

/** A connection, and its last statistics. */
export interface LoggedConnection {
  readonly session: number;
  readonly stream: number;
  readonly peer: ObservedPeer;
  last: TcpInfo;
  isOpen: boolean;
}

interface OpenConnection extends LoggedConnection {
  readonly observed: ObservedConnection;
  lastMs: number;
  /** Statistics when the connection began to carry files, and of its last sample that did. */
  from?: TcpInfo;
  to?: TcpInfo;
  fromMs: number;
  toMs: number;
  /** Sum of the shares of unread data while it carried files, and their number. */
  unread: number;
  samples: number;
}

/** Samples the connections. Those that are not TCP connections of this system, such as tunnels, are not observed. */
export class ConnectionLog {
  /** The first connections. */
  readonly connections: LoggedConnection[] = [];
  /** Number of observed connections after the first ones. */
  omitted = 0;
  readonly #isEnabled: boolean;
  #open: OpenConnection[] = [];
  /** Whether connections exist that are not observed, so that no sum is complete. */
  #isIncomplete = false;
  #hasReceiver = false;
  readonly #carried = { receiver: 0, sender: 0 };
  readonly #ended = { ms: 0, busyMs: 0, blockedMs: 0, unread: 0, samples: 0, segments: 0, retransmits: 0 };

  /** @param isEnabled whether libraries of the system may be used: without them, no connection is observed. */
  constructor(isEnabled: boolean) {
    this.#isEnabled = isEnabled;
  }

  /** Adds a connection before it is used. @param session number of the session. */
  add({ index, conn }: AuthenticatedStream, peer: ObservedPeer, session: number, nowMs: number): void {
    if (this.#open.length >= MAX_OPEN) this.#fold();
    const observed = this.#isEnabled && this.#open.length < MAX_OPEN ? observeConnection(conn) : undefined;
    const last = observed?.read();
    if (!observed || !last) {
      this.#isIncomplete = true;
      return;
    }
    this.#hasReceiver ||= peer.part === "receiver";
    const counts = { fromMs: nowMs, toMs: nowMs, lastMs: nowMs, last, isOpen: true, unread: 0, samples: 0 };
    const connection = { session, stream: index, peer, observed, ...counts };
    this.#open.push(connection);
    if (this.connections.length < MAX_CONNECTIONS) this.connections.push(connection);
    else this.omitted++;
  }

  /** Reads the statistics of all open connections. */
  sample(nowMs: number): void {
    for (const connection of this.#open) sampleOne(connection, nowMs);
    this.#fold();
  }

  /** Sum of the bytes that all connections have carried towards the receiver; undefined if one is not observed. */
  get carried(): number | undefined {
    // A relay carries all data twice.
    const part = this.#hasReceiver ? "receiver" : "sender";
    const open = this.#open.filter(({ peer }) => peer.part === part);
    const carried = open.reduce((sum, connection) => sum + carriedBy(connection), this.#carried[part]);
    return this.#isIncomplete || carried === 0 ? undefined : carried;
  }

  /** Returns the averages while files were carried; undefined if a connection is not observed, or none has carried files. */
  facts(): ConnectionFacts | undefined {
    this.#open.forEach((connection) => connection.isOpen = false);
    this.#fold();
    const { ms, busyMs, blockedMs, unread, samples, segments, retransmits } = this.#ended;
    if (this.#isIncomplete || ms === 0) return undefined;
    return {
      busy: Math.min(1, busyMs / ms),
      blocked: Math.min(1, blockedMs / Math.max(1, busyMs)),
      unread: unread / Math.max(1, samples),
      lost: retransmits / Math.max(1, segments),
    };
  }

  /** Adds ended connections to the sums, and forgets them. */
  #fold(): void {
    const ended = this.#open.filter(({ isOpen }) => !isOpen);
    if (ended.length === 0) return;
    this.#open = this.#open.filter(({ isOpen }) => isOpen);
    const sum = this.#ended;
    for (const connection of ended) {
      const { from, to, fromMs, toMs, unread, samples, last, peer } = connection;
      this.#carried[peer.part] += carriedBy(connection);
      sum.segments += last.segments;
      sum.retransmits += last.retransmits;
      if (!from || !to) continue;
      sum.ms += toMs - fromMs;
      sum.busyMs += to.busyMs - from.busyMs;
      sum.blockedMs += to.blockedMs - from.blockedMs;
      sum.unread += unread;
      sum.samples += samples;
    }
  }
}

function sampleOne(connection: OpenConnection, nowMs: number): void {
  const { last, lastMs, peer } = connection;
  const info = connection.observed.read();
  if (!info) {
    connection.isOpen = false;
    return;
  }
  if (carriedBy({ peer, last: info }) - carriedBy({ peer, last }) >= CARRYING) {
    if (!connection.from) Object.assign(connection, { from: last, fromMs: lastMs });
    Object.assign(connection, { to: info, toMs: nowMs });
    connection.unread += info.unread;
    connection.samples++;
  }
  Object.assign(connection, { last: info, lastMs: nowMs });
}

/** Returns the bytes that a connection has carried towards the receiver. */
export function carriedBy({ peer, last }: Pick<LoggedConnection, "peer" | "last">): number {
  return peer.part === "receiver" ? last.sent : last.received;
}
