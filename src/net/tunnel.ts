/** What a session needs of the ways to the data port that are no direct connection. */

import type { ByteConn } from "./transport.ts";

/** Reason why a way failed over which nothing arrived in time. */
export const NO_ANSWER = "no answer";

/** A way to the remote end's data port that is no direct connection. */
export interface Tunnel {
  /** As messages name it. */
  readonly name: string;
  /** Most streams that are worth having over it. */
  readonly most: number;
  /** @throws {Error} when it cannot be begun. */
  open(): TunnelConn;
}

/** A connection over a tunnel. */
export interface TunnelConn extends ByteConn {
  /** Ends it, without a care for what is under way. */
  kill(): void;
  /** Resolves when nothing of it is left. */
  readonly ended: Promise<void>;
  /** Why it came to nothing, in the words of whoever carries it; "" when that is not known. */
  said(): Promise<string>;
}

/** What a connector may do when there is no direct way. */
export interface TunnelUse {
  /** Do not even look for a direct way. */
  always: boolean;
  /** The tunnels in the order in which they are tried; `failed` is what the ones before came to. */
  find(failed: readonly string[]): Promise<Tunnel | undefined>;
  /** Hears that a tunnel is used, and why no place was reached; not when that was not tried. */
  used(tunnel: Tunnel, failures: string[]): void;
}
