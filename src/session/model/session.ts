/** An open session, as both ends have it. */

import type { CipherEngine, CipherName, DirectionKey } from "../../crypto/cipher.ts";
import type { SessionKey } from "../../crypto/key_schedule.ts";
import type { ByteConn } from "../../net/transport.ts";
import type { ControlChannel } from "./control_channel.ts";
import type { StreamCount } from "./stream_count.ts";

/** Secrets and names of a session. */
export interface SessionSecrets {
  /** 16 bytes in hexadecimal. Each stream begins with them, in the clear. */
  id: string;
  key: SessionKey;
  cipher: CipherName;
}

/** A connection after its handshake. One frame has gone each way. */
export interface AuthenticatedStream {
  /** Number, used only once per session. */
  index: number;
  /** A `Deno.TcpConn`, or the client's end of a tunnel. */
  conn: ByteConn;
  /** Key of the frames that this end sends. */
  sendKey: DirectionKey;
  /** Key of the frames that this end receives. */
  receiveKey: DirectionKey;
}

/** The client has started the remote end. */
export type Role = "client" | "remote";

/** A session that is ready to open streams. */
export interface Session {
  role: Role;
  secrets: SessionSecrets;
  control: ControlChannel;
  /** Optional parts of the protocol that both ends know. */
  features: readonly string[];
  engine: CipherEngine;
  /**
   * Opens streams, and calls `take` with each after its handshake. On the client it resolves after the first to the number
   * of streams that there will be. On the remote end it resolves to the maximum when no more streams can arrive.
   *
   * @throws {Error} if no stream can be opened.
   */
  bringUp(count: StreamCount, take: (stream: AuthenticatedStream) => void): Promise<number>;
  /** Cancels `bringUp`. */
  close(): void;
  /** Resolves when all processes of the session have ended, at most some seconds after `close`. */
  gone(): Promise<void>;
}
