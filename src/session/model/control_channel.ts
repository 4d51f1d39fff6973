/** The control channel: messages as lines over a pair of pipes. */

import { ProtocolError } from "../../errors.ts";
import { LineDecoder } from "../../protocol/control/line_decoder.ts";
import { formatMessage, parseMessage } from "../../protocol/control/message_codec.ts";
import type { Message, MessageOf, MessageType } from "../../protocol/control/messages.ts";
import { keepAliveMs, MAX_LINE_BYTES } from "../../protocol/limits.ts";
import { ControlLost, ControlSilent, PeerAbort } from "./control_errors.ts";

/** Additional time after the limit. After this thread was busy, its timers run before data that has arrived is read. */
const GRACE_MS = 1_000;

/** Maximum number of waiting characters, not counting those in the pipe. */
const MAX_OUTGOING = 64 << 20;
/** Number of waiting characters above which a sender of many messages awaits `flushed`. */
export const MOST_WAITING = 256 << 10;

/** Sends and receives messages in order. */
export class ControlChannel {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #decoder = new LineDecoder(MAX_LINE_BYTES);
  readonly #encoder = new TextEncoder();
  #lines: string[] = [];
  #outgoing = "";
  #flushing: Promise<void> | undefined;
  #isBroken = false;
  /** Whether the sender, on either end, has sent its last message. */
  finishing = false;
  /** Whether anything has arrived after the hello. */
  hasReceived = false;
  /** Called with each message that is sent or received, before it is handled. Must not change it. */
  observe?: (message: Message) => void;
  /** Number of streams that the peer has closed because their data was corrupt. */
  corrupt = 0;
  readonly #handlers = new Map<MessageType, (message: Message) => void>();
  #patienceMs = 0;
  #keepAliveTimer: ReturnType<typeof setInterval> | undefined;

  /** @param early bytes that were read from the pipe before. */
  constructor(
    reader: ReadableStreamDefaultReader<Uint8Array>,
    writer: WritableStreamDefaultWriter<Uint8Array>,
    early: Uint8Array = new Uint8Array(),
  ) {
    this.#reader = reader;
    this.#writer = writer;
    this.#lines.push(...this.#decoder.push(early));
  }

  /** Sends a message. Never throws: a reader detects a broken pipe. */
  send(message: Message): void {
    if (message.type === "finish") this.finishing = true;
    this.observe?.(message);
    this.sendLine(formatMessage(message));
  }

  /** Sends a message that is formatted as a line. */
  sendLine(line: string): void {
    if (this.#isBroken) return;
    this.#outgoing += line + "\n";
    // A peer that does not read must not fill the memory of this end.
    if (this.#outgoing.length > MAX_OUTGOING) this.#isBroken = true;
    this.#flushing ??= this.#flush();
  }

  /** Number of characters that are not in the pipe yet. */
  get waiting(): number {
    return this.#outgoing.length;
  }

  /** Resolves when all messages are in the pipe, or the pipe is broken. */
  async flushed(): Promise<void> {
    while (this.#flushing) await this.#flushing;
  }

  /**
   * Sets the maximum time without data from the peer.
   *
   * @param patienceMs 0: unlimited.
   * @param keepAlives whether the peer knows the message "alive". Then each end sends it regularly.
   */
  watch(patienceMs: number, { keepAlives }: { keepAlives: boolean }): void {
    this.#patienceMs = patienceMs;
    clearInterval(this.#keepAliveTimer);
    if (keepAlives) this.#keepAliveTimer = setInterval(() => this.send({ type: "alive" }), keepAliveMs(patienceMs));
  }

  /** Sets a handler for messages of these types. `next` does not return them. */
  onMessage<T extends MessageType>(types: readonly T[], handler: (message: MessageOf<T>) => void): void {
    for (const type of types) this.#handlers.set(type, handler as (message: Message) => void);
  }

  /** Returns the next line; undefined at the end. @throws {ControlSilent} */
  async nextLine(): Promise<string | undefined> {
    while (this.#lines.length === 0) {
      const { value, done } = await this.#read();
      if (done) return undefined;
      this.#lines.push(...this.#decoder.push(value));
    }
    this.hasReceived = true;
    return this.#lines.shift();
  }

  /**
   * Returns the next message that has no handler, except keep-alives.
   *
   * @throws {ControlLost} at the end of the pipe, or after the maximum time without data.
   * @throws {ProtocolError} for an invalid message.
   */
  async next(): Promise<Message> {
    for (;;) {
      const line = await this.nextLine();
      if (line === undefined) throw new ControlLost("The peer has closed the control channel", this);
      const message = parseMessage(line);
      if (message.type === "finish") this.finishing = true;
      // Accepting it would make missing files count as copied, or make this end wait for streams without a peer.
      if (message.type === "finished" && !this.finishing) {
        throw new ProtocolError("bad-order", "Cannot accept that the receiver has finished: not everything was sent");
      }
      this.observe?.(message);
      const handler = this.#handlers.get(message.type);
      if (message.type === "corrupt") this.corrupt++;
      else if (handler) handler(message);
      else if (message.type !== "alive") return message;
    }
  }

  /**
   * Returns the next message, which must have one of these types.
   *
   * @throws {PeerAbort} if the peer ends the session.
   * @throws {ProtocolError} for a message of another type.
   */
  async expect<T extends MessageType>(...types: T[]): Promise<MessageOf<T>> {
    const message = await this.next();
    if (message.type === "abort") throw new PeerAbort(message, this);
    if (!types.includes(message.type as T)) {
      throw new ProtocolError(
        "bad-order",
        `Cannot accept a message "${message.type}" now: expected ${types.join(" or ")}`,
      );
    }
    return message as MessageOf<T>;
  }

  /** Stops reading. Callers that wait for a message get ControlLost, so that they can clean up. */
  abandon(): void {
    clearInterval(this.#keepAliveTimer);
    this.#reader.cancel().catch(() => {});
  }

  /** Closes both pipes after the last message. */
  async close(): Promise<void> {
    clearInterval(this.#keepAliveTimer);
    await this.flushed();
    await this.#writer.close().catch(() => {});
    await this.#reader.cancel().catch(() => {});
  }

  async #read(): Promise<ReadableStreamReadResult<Uint8Array>> {
    if (this.#patienceMs === 0) return await this.#reader.read();
    let timer: ReturnType<typeof setTimeout> | undefined;
    // Not by `withDeadline`, because the grace time begins after the first timer.
    const silence = new Promise<never>((_, reject) => {
      const giveUp = () => reject(new ControlSilent(this.#patienceMs, this));
      timer = setTimeout(() => timer = setTimeout(giveUp, GRACE_MS), this.#patienceMs);
    });
    try {
      return await Promise.race([this.#reader.read(), silence]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #flush(): Promise<void> {
    // Messages that are sent in the same turn are written together.
    await Promise.resolve();
    while (this.#outgoing.length > 0 && !this.#isBroken) {
      const bytes = this.#encoder.encode(this.#outgoing);
      this.#outgoing = "";
      await this.#writer.write(bytes).catch(() => this.#isBroken = true);
    }
    this.#flushing = undefined;
  }
}
