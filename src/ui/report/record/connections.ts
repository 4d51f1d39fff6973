/** Statistics of the data connections of a run. */

import type { ConnectionFacts } from "../../../doctor/run_limit.ts";
import { observeConnection, type ObservedConnection, type TcpInfo } from "../../../native/net/tcp_info.ts";
import type { AuthenticatedStream } from "../../../session/model/session.ts";
import type { ObservedPeer } from "../../../transfer/observer.ts";

/** Maximum number of connections with columns of their own, in all sessions of a run. */
export const MAX_CONNECTIONS = 64;

/** A connection, and its last statistics. */
export interface LoggedConnection {
  readonly session: number;
  readonly stream: number;
  readonly peer: ObservedPeer;
  readonly openedMs: number;
  readonly observed: ObservedConnection;
  last: TcpInfo;
  lastMs: number;
  isOpen: boolean;
  /** Sum of the shares of unread data, and their number. */
  unread: number;
  samples: number;
}

/** Samples the connections. Those that are not TCP connections of this system, such as tunnels, are not observed. */
export class ConnectionLog {
  readonly connections: LoggedConnection[] = [];

  /** Adds a connection before it is used. @param session number of the session. */
  add({ index, conn }: AuthenticatedStream, peer: ObservedPeer, session: number, nowMs: number): void {
    if (this.connections.length >= MAX_CONNECTIONS) return;
    const observed = observeConnection(conn);
    const last = observed?.read();
    if (!observed || !last) return;
    const counts = { openedMs: nowMs, lastMs: nowMs, last, isOpen: true, unread: 0, samples: 0 };
    this.connections.push({ session, stream: index, peer, observed, ...counts });
  }

  /** Reads the statistics of all open connections. */
  sample(nowMs: number): void {
    for (const connection of this.connections) {
      if (!connection.isOpen) continue;
      const info = connection.observed.read();
      if (!info) {
        connection.isOpen = false;
        continue;
      }
      connection.last = info;
      connection.lastMs = nowMs;
      connection.unread += info.unread;
      connection.samples++;
    }
  }

  /** Sum of the bytes that all connections have carried towards the receiver; undefined if none is observed. */
  get carried(): number | undefined {
    const counted = this.connections.filter((connection) => this.#counts(connection));
    return counted.length === 0 ? undefined : counted.reduce((sum, connection) => sum + carriedBy(connection), 0);
  }

  /** Returns the averages of all connections; undefined if none is observed. */
  facts(): ConnectionFacts | undefined {
    const known = this.connections.filter(({ samples }) => samples > 0);
    if (known.length === 0) return undefined;
    const sum = (value: (connection: LoggedConnection) => number) => known.reduce((all, each) => all + value(each), 0);
    const busyMs = sum(({ last }) => last.busyMs);
    return {
      busy: Math.min(1, busyMs / Math.max(1, sum(({ openedMs, lastMs }) => lastMs - openedMs))),
      blocked: sum(({ last }) => last.blockedMs) / Math.max(1, busyMs),
      unread: sum(({ unread }) => unread) / Math.max(1, sum(({ samples }) => samples)),
      lost: sum(({ last }) => last.retransmits) / Math.max(1, sum(({ last }) => last.segments)),
    };
  }

  /** A relay carries all data twice. */
  #counts({ peer }: LoggedConnection): boolean {
    return peer.part === "receiver" || !this.connections.some((other) => other.peer.part === "receiver");
  }
}

/** Returns the bytes that a connection has carried towards the receiver. */
export function carriedBy({ peer, last }: LoggedConnection): number {
  return peer.part === "receiver" ? last.sent : last.received;
}
