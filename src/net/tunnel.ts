/** Indirect routes to the data port of the remote host. */

import type { ByteConn } from "./transport.ts";

/** Reason of a route that failed because nothing arrived in time. */
export const NO_ANSWER = "no answer";

/** An indirect route to the data port of the remote host. */
export interface Tunnel {
  /** Name for messages. */
  readonly name: string;
  /** Name as the address of streams. Default: that of `describeTunnel`. */
  readonly address?: string;
  /** Maximum useful number of streams. */
  readonly maxStreams: number;
  /** @throws {Error} if the connection cannot be started. */
  open(): TunnelConn;
}

/** A connection through a tunnel. */
export interface TunnelConn extends ByteConn {
  /** Closes the connection without waiting for data in transit. */
  kill(): void;
  /** Resolves when the connection has ended completely. */
  readonly ended: Promise<void>;
  /** Returns the reason of a failure, as the carrier reports it; "" if unknown. */
  failureText(): Promise<string>;
}

/** End of the names of tunnels at a server without ssh. */
export const OF_SERVER = " of the server";

/** Returns the route through a tunnel for messages, such as `ssh (ssh -W)` or `port 7523 of the server`. */
export function describeTunnel(name: string): string {
  return name.endsWith(OF_SERVER) ? name : `ssh (${name})`;
}

/** Tunnels of a connector, for when no direct route works. */
export interface TunnelUse {
  /** How to let the last tunnel work, for messages, in the imperative. Default: unknown. */
  advice?: string;
  /** Whether to skip the direct routes. */
  always: boolean;
  /** Returns the next tunnel to try. @param failed Failure texts of the tunnels tried before. */
  find(failed: readonly string[]): Promise<Tunnel | undefined>;
  /** Called when a tunnel replaces the direct routes, which failed. Not called if `always`. */
  onUsed(tunnel: Tunnel, failures: string[]): void | Promise<void>;
}
