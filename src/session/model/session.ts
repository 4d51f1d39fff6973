/** What both ends of a session have once it is agreed. */

import type { CipherName } from "../../crypto/cipher.ts";
import type { CipherEngine, DirectionKey } from "../../crypto/cipher.ts";
import type { SessionKey } from "../../crypto/key_schedule.ts";
import type { ByteConn } from "../../net/transport.ts";
import type { ControlChannel } from "./control_channel.ts";
import type { StreamCount } from "./stream_count.ts";

/** Secrets and names of a session. */
export interface SessionSecrets {
  /** 16 bytes in hexadecimal; stands in the clear before each stream. */
  id: string;
  key: SessionKey;
  cipher: CipherName;
}

/** A connection that has proven, in both directions, that it belongs to the session. One frame has gone each way. */
export interface AuthenticatedStream {
  /** Its number, never used again in this session. */
  index: number;
  /** A `Deno.TcpConn`, or the client's end of a tunnel. */
  conn: ByteConn;
  /** Seals what this end sends. */
  sendKey: DirectionKey;
  /** Opens what this end receives. */
  receiveKey: DirectionKey;
}

/** Whether this end started the other one. */
export type Role = "client" | "remote";

/** A session that is agreed and ready to bring up streams. */
export interface Session {
  role: Role;
  secrets: SessionSecrets;
  control: ControlChannel;
  /** Optional parts of the protocol that both ends know, and may use. */
  features: readonly string[];
  engine: CipherEngine;
  /**
   * Brings up so many streams, each handed over as soon as it is proven. On the client it resolves to how many there will
   * be when that is known, after the first is there; on the remote end to the most that there could be when no more can
   * come.
   *
   * @throws when they cannot be had.
   */
  bringUp(count: StreamCount, take: (stream: AuthenticatedStream) => void): Promise<number>;
  /** Ends what `bringUp` has begun. */
  close(): void;
  /** Resolves when nothing of it runs any more, some seconds after `close` at the latest. */
  gone(): Promise<void>;
}
