/** The control channel: messages as lines over a pair of pipes. */

import { ProtocolError } from "../../errors.ts";
import { keepAliveMs, MAX_LINE_BYTES } from "../../protocol/limits.ts";
import { LineDecoder } from "../../protocol/control/line_decoder.ts";
import { formatMessage, parseMessage } from "../../protocol/control/message_codec.ts";
import type { Message, MessageOf, MessageType } from "../../protocol/control/messages.ts";

/** The other side has gone: its end of the control channel was closed. */
export class ControlLost extends Error {
  override name = "ControlLost";
}

/** Nothing was heard of the other side for too long; it may hang, or the network is gone. */
export class ControlSilent extends ControlLost {
  override name = "ControlSilent";
  /** Milliseconds. */
  readonly patienceMs: number;

  constructor(patienceMs: number) {
    super(`Nothing was heard of the other side for ${patienceMs / 1000} s`);
    this.patienceMs = patienceMs;
  }
}

/** Time for what came while this thread was busy: its timers are called before what has arrived. */
const GRACE_MS = 1_000;

/** Characters that wait to be sent at the most; what is in the pipe does not count. */
const MAX_OUTGOING = 64 << 20;
/** Number of waiting characters above which a sender of many messages awaits `flushed`. */
export const MOST_WAITING = 256 << 10;

/** Messages in and out. Order is kept; nothing is lost while both pipes stand. */
export class ControlChannel {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #decoder = new LineDecoder(MAX_LINE_BYTES);
  readonly #encoder = new TextEncoder();
  #lines: string[] = [];
  #outgoing = "";
  #flushing: Promise<void> | undefined;
  #broken: { error: unknown } | undefined;
  /** The sender, on whichever end, has said that it has sent everything. */
  finishing = false;
  /** Streams that the other end has closed because they were changed on their way. */
  corrupt = 0;
  readonly #asides = new Map<MessageType, (message: Message) => void>();
  #patienceMs = 0;
  #alive: ReturnType<typeof setInterval> | undefined;

  /** @param early bytes that were read from the pipe already. */
  constructor(
    reader: ReadableStreamDefaultReader<Uint8Array>,
    writer: WritableStreamDefaultWriter<Uint8Array>,
    early: Uint8Array = new Uint8Array(),
  ) {
    this.#reader = reader;
    this.#writer = writer;
    this.#lines.push(...this.#decoder.push(early));
  }

  /** Sends a message, after those before it. A broken pipe is found by whoever reads. */
  send(message: Message): void {
    if (message.type === "finish") this.finishing = true;
    this.sendLine(formatMessage(message));
  }

  /** Sends a line that is a message already. */
  sendLine(line: string): void {
    if (this.#broken) return;
    this.#outgoing += line + "\n";
    // A peer that never reads must not make this end hold everything for it.
    if (this.#outgoing.length > MAX_OUTGOING) this.#broken = { error: new ControlLost("The other side does not read") };
    this.#flushing ??= this.#flush();
  }

  /** Characters that wait for the peer to read what came before them. */
  get waiting(): number {
    return this.#outgoing.length;
  }

  /** Resolves when everything that was sent is in the pipe, or the pipe is broken. */
  async flushed(): Promise<void> {
    while (this.#flushing) await this.#flushing;
  }

  /**
   * From now on a peer that says nothing for so long is taken for lost.
   *
   * @param patienceMs 0: it may be silent for ever.
   * @param signs whether the peer knows the message "alive": then each end says it in time.
   */
  watch(patienceMs: number, { signs }: { signs: boolean }): void {
    this.#patienceMs = patienceMs;
    clearInterval(this.#alive);
    if (signs) this.#alive = setInterval(() => this.send({ type: "alive" }), keepAliveMs(patienceMs));
  }

  /** From now on whoever waits for a message hands over those of these types, and waits on. */
  onMessage<T extends MessageType>(types: readonly T[], accept: (message: MessageOf<T>) => void): void {
    for (const type of types) this.#asides.set(type, accept as (message: Message) => void);
  }

  /** The next line, undefined at the end. @throws {ControlSilent} */
  async nextLine(): Promise<string | undefined> {
    while (this.#lines.length === 0) {
      const { value, done } = await this.#read();
      if (done) return undefined;
      this.#lines.push(...this.#decoder.push(value));
    }
    return this.#lines.shift();
  }

  /**
   * The next message that says something.
   *
   * @throws {ControlLost} at the end of the pipe, or after too long a silence.
   * @throws {ProtocolError} for what is no message.
   */
  async next(): Promise<Message> {
    for (;;) {
      const line = await this.nextLine();
      if (line === undefined) throw new ControlLost("The other side has closed the control channel");
      const message = parseMessage(line);
      if (message.type === "finish") this.finishing = true;
      // Whoever believed it would wait for streams that nobody answers any more, or take what is missing for copied.
      if (message.type === "finished" && !this.finishing) {
        throw new ProtocolError("bad-order", "Cannot accept that the other side has finished: not everything was sent");
      }
      const aside = this.#asides.get(message.type);
      if (message.type === "corrupt") this.corrupt++;
      else if (aside) aside(message);
      else if (message.type !== "alive") return message;
    }
  }

  /**
   * The next message, which must be one of these; "abort" from the peer is thrown.
   *
   * @throws {PeerAbort} when the peer ends the session.
   */
  async expect<T extends MessageType>(...types: T[]): Promise<MessageOf<T>> {
    const message = await this.next();
    if (message.type === "abort") throw new PeerAbort(message, this);
    if (!types.includes(message.type as T)) {
      throw new ProtocolError("bad-order", `Cannot accept a message "${message.type}" now, but ${types.join(" or ")}`);
    }
    return message as MessageOf<T>;
  }

  /** Takes nothing more from the peer: whoever waits for a message finds the channel lost, and can clean up. */
  abandon(): void {
    clearInterval(this.#alive);
    this.#reader.cancel().catch(() => {});
  }

  /** Lets go of both pipes; the peer sees the end of its input. */
  async close(): Promise<void> {
    clearInterval(this.#alive);
    await this.flushed();
    await this.#writer.close().catch(() => {});
    await this.#reader.cancel().catch(() => {});
  }

  async #read(): Promise<ReadableStreamReadResult<Uint8Array>> {
    if (this.#patienceMs === 0) return await this.#reader.read();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const silence = new Promise<never>((_, reject) => {
      const giveUp = () => reject(new ControlSilent(this.#patienceMs));
      timer = setTimeout(() => timer = setTimeout(giveUp, GRACE_MS), this.#patienceMs);
    });
    try {
      return await Promise.race([this.#reader.read(), silence]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #flush(): Promise<void> {
    // One turn later, so that messages which are sent together leave together.
    await Promise.resolve();
    while (this.#outgoing.length > 0 && !this.#broken) {
      const bytes = this.#encoder.encode(this.#outgoing);
      this.#outgoing = "";
      await this.#writer.write(bytes).catch((error) => {
        this.#broken = { error };
      });
    }
    this.#flushing = undefined;
  }
}

/** The peer has ended the session and says why. */
export class PeerAbort extends Error {
  override name = "PeerAbort";
  readonly code: string;
  readonly hint?: string;
  /** Where it said so. */
  readonly channel: ControlChannel;

  constructor({ code, message, hint }: MessageOf<"abort">, channel: ControlChannel) {
    super(message);
    this.code = code;
    this.hint = hint;
    this.channel = channel;
  }
}
