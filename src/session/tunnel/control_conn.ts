/** Connections whose data is sent in control messages, for hosts that accept only the session of ssh itself. */

import { Condition } from "../../async/condition.ts";
import { ProtocolError } from "../../errors.ts";
import { CARRIED_BYTES, CARRIED_WINDOW_BYTES } from "../../protocol/limits.ts";
import type { MessageOf } from "../../protocol/control/messages.ts";
import type { ControlChannel } from "../model/control_channel.ts";
import type { TunnelConn } from "../../net/tunnel.ts";

/** A message of such a connection. */
export type CarriedMessage = MessageOf<"data" | "taken">;

/** One end of a connection. Reads and writes as `Deno.Conn`. */
export class ControlConn implements TunnelConn {
  /** Resolves when this end has closed it. */
  readonly ended: Promise<void>;
  readonly #control: ControlChannel;
  readonly #number: number;
  readonly #incoming: Uint8Array[] = [];
  #incomingEnded = false;
  #closed = false;
  /** Received bytes that were not read. */
  #unread = 0;
  /** Bytes that were read and not acknowledged. */
  #unacknowledged = 0;
  /** Bytes that may be sent before the next acknowledgment. */
  #room = CARRIED_WINDOW_BYTES;
  readonly #changed = new Condition();
  readonly #end: () => void;

  constructor(control: ControlChannel, number: number) {
    this.#control = control;
    this.#number = number;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#end = resolve;
  }

  /** Whether this end has closed it. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Handles a message of this connection. @throws {ProtocolError} code "bad-message" if the window is exceeded. */
  accept(message: CarriedMessage): void {
    if (message.type === "taken") {
      this.#room += message.count;
      if (this.#room > CARRIED_WINDOW_BYTES) {
        throw new ProtocolError("bad-message", "More bytes were acknowledged than sent");
      }
    } else if (message.bytes.length === 0) this.#incomingEnded = true;
    else if (!this.#incomingEnded && !this.#closed) {
      this.#unread += message.bytes.length;
      if (this.#unread > CARRIED_WINDOW_BYTES) {
        throw new ProtocolError("bad-message", "More bytes were sent than the window allows");
      }
      this.#incoming.push(message.bytes);
    }
    this.#changed.notifyAll();
  }

  /** Whether the peer has closed it. Data that was sent before can still be read. */
  get isEnded(): boolean {
    return this.#incomingEnded;
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    while (this.#incoming.length === 0) {
      if (this.#closed) throw new Deno.errors.BadResource("Cannot read from a connection: it is closed");
      if (this.#incomingEnded) return null;
      await this.#changed.wait();
    }
    const first = this.#incoming[0];
    const count = Math.min(buffer.length, first.length);
    buffer.set(first.subarray(0, count));
    if (count === first.length) this.#incoming.shift();
    else this.#incoming[0] = first.subarray(count);
    this.#acknowledge(count);
    return count;
  }

  async write(bytes: Uint8Array): Promise<number> {
    for (;;) {
      if (this.#closed) throw new Deno.errors.BadResource("Cannot write to a connection: it is closed");
      if (this.#incomingEnded) throw new Deno.errors.BrokenPipe("The peer has closed the connection");
      if (this.#room > 0) break;
      await this.#changed.wait();
    }
    const piece = bytes.subarray(0, Math.min(this.#room, CARRIED_BYTES));
    this.#room -= piece.length;
    this.#control.send({ type: "data", stream: this.#number, bytes: piece as Uint8Array<ArrayBuffer> });
    return piece.length;
  }

  /** Closes this end. The peer can still read data that was written before. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#control.send({ type: "data", stream: this.#number, bytes: new Uint8Array() });
    this.#incoming.length = 0;
    this.#changed.notifyAll();
    this.#end();
  }

  kill(): void {
    this.close();
  }

  failureText(): Promise<string> {
    return Promise.resolve("");
  }

  /** Acknowledges bytes that were read. Acknowledgments are sent together for a quarter of the window. */
  #acknowledge(count: number): void {
    this.#unread -= count;
    this.#unacknowledged += count;
    if (this.#unacknowledged < CARRIED_WINDOW_BYTES / 4 || this.#incomingEnded) return;
    this.#control.send({ type: "taken", stream: this.#number, count: this.#unacknowledged });
    this.#unacknowledged = 0;
  }
}
