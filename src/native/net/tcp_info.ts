/** Statistics of the kernel about a TCP connection (tcp(7), TCP_INFO). Linux. */

import { descriptorOf } from "./socket_descriptor.ts";
import { IPPROTO_TCP, openSocketCalls, SOL_SOCKET } from "./socket_calls.ts";

const TCP_INFO = 11;
/** Identifies a socket until its end, while its descriptor may be reused. Linux 4.12. */
const SO_COOKIE = 57;
const SO_MEMINFO = 55;

/** Offsets in struct tcp_info of <linux/tcp.h>. Older kernels have a shorter structure. */
const RTT = 68;
const TOTAL_RETRANS = 100;
const BYTES_ACKED = 120;
const BYTES_RECEIVED = 128;
const SEGMENTS_OUT = 136;
const BUSY_TIME = 168;
const RWND_LIMITED = 176;
const INFO_BYTES = 192;

/** Offsets in the array of SO_MEMINFO. */
const RECEIVE_QUEUE = 0;
const RECEIVE_BUFFER = 1;
const MEMORY_WORDS = 9;

/** Counters since the start of a connection. */
export interface TcpInfo {
  /** Bytes that the peer has acknowledged; of a connection that this end has opened, one more. */
  readonly sent: number;
  readonly received: number;
  /** Smoothed round trip, in milliseconds. */
  readonly roundTripMs: number;
  /** Number of segments, and of those that were sent again. */
  readonly segments: number;
  readonly retransmits: number;
  /** Time with data to send, in milliseconds. */
  readonly busyMs: number;
  /** Part of the busy time in which the peer took no more data. */
  readonly blockedMs: number;
  /** Share of the receive buffer that is full of unread data, 0 to 1. */
  readonly unread: number;
}

/** A connection whose statistics can be read while another thread uses it. */
export class ObservedConnection {
  readonly #fd: number;
  readonly #cookie: bigint;

  constructor(fd: number, cookie: bigint) {
    this.#fd = fd;
    this.#cookie = cookie;
  }

  /** Returns the current statistics; undefined after the end of the connection. */
  read(): TcpInfo | undefined {
    // The descriptor may belong to another connection now.
    if (cookieOf(this.#fd) !== this.#cookie) return undefined;
    const info = option(this.#fd, IPPROTO_TCP, TCP_INFO, INFO_BYTES);
    if (!info || info.byteLength < INFO_BYTES) return undefined;
    const memory = option(this.#fd, SOL_SOCKET, SO_MEMINFO, MEMORY_WORDS * 4);
    const large = (at: number) => Number(info.getBigUint64(at, true));
    return {
      sent: large(BYTES_ACKED),
      received: large(BYTES_RECEIVED),
      roundTripMs: info.getUint32(RTT, true) / 1000,
      segments: info.getUint32(SEGMENTS_OUT, true),
      retransmits: info.getUint32(TOTAL_RETRANS, true),
      busyMs: large(BUSY_TIME) / 1000,
      blockedMs: large(RWND_LIMITED) / 1000,
      unread: memory ? unreadShare(memory) : 0,
    };
  }
}

/**
 * Returns a connection to observe; undefined if it is not a TCP connection of Linux. No read or write of the connection may
 * be in progress.
 */
export function observeConnection(conn: object): ObservedConnection | undefined {
  if (Deno.build.os !== "linux" || !("setNoDelay" in conn)) return undefined;
  try {
    const fd = descriptorOf(conn as Deno.TcpConn);
    const cookie = fd === undefined ? undefined : cookieOf(fd);
    const observed = cookie === undefined ? undefined : new ObservedConnection(fd!, cookie);
    return observed?.read() && observed;
  } catch {
    // No FFI, or the connection was closed.
    return undefined;
  }
}

function unreadShare(memory: DataView): number {
  const buffer = memory.getUint32(RECEIVE_BUFFER * 4, true);
  return buffer === 0 ? 0 : Math.min(1, memory.getUint32(RECEIVE_QUEUE * 4, true) / buffer);
}

function cookieOf(fd: number): bigint | undefined {
  return option(fd, SOL_SOCKET, SO_COOKIE, 8)?.getBigUint64(0, true);
}

/** Returns the value of an option, which may be shorter; undefined if the descriptor is not a socket with this option. */
function option(fd: number, level: number, name: number, bytes: number): DataView | undefined {
  const value = new Uint8Array(bytes);
  const length = new Uint32Array([bytes]);
  const status = openSocketCalls().calls.getsockopt(fd, level, name, value, length);
  return status === 0 ? new DataView(value.buffer, 0, length[0]) : undefined;
}
