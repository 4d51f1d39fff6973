/** Client: opens a port and has the remote end connect to it, where that one's own ports are closed (`--reverse`). */

import type { CipherEngine } from "../../crypto/cipher.ts";
import { messageOf } from "../../errors.ts";
import { FIRST_REVERSE_STREAM, MAX_PLACES } from "../../protocol/limits.ts";
import { StreamAcceptor } from "./accept_streams.ts";
import type { ControlChannel } from "../model/control_channel.ts";
import { listenForStreams, type PortRange } from "./data_port.ts";
import type { Attempt } from "./dial_streams.ts";
import { type DirectPath, portsToOpen } from "./direct_path.ts";
import type { AuthenticatedStream, SessionSecrets } from "../model/session.ts";
import { UNNEEDED } from "./stream_proof.ts";

/** What the answer of a remote end that cannot reach this one takes longer than its attempts. */
const GRACE_MS = 2_000;
/** How long a further stream may take. */
const AGAIN_MS = 15_000;

/** How the port is opened, and where. */
export interface ReverseListenerOptions {
  /** Where the remote end may find this one; without a port it is the one that is listened on. */
  places: readonly { hostname: string; port?: number }[];
  /** Ports to listen on; undefined: those that are known, or else any. */
  ports?: PortRange;
}

/** See above. The port is open from the first stream on that is asked for. */
export class ReverseListener implements DirectPath {
  readonly words: DirectPath["words"];
  readonly attempts: Attempt[] = [];
  readonly #secrets: SessionSecrets;
  readonly #engine: CipherEngine;
  readonly #control: ControlChannel;
  readonly #options: ReverseListenerOptions;
  #acceptor?: StreamAcceptor;
  #closed = false;
  #from?: string;
  #roundTripMs?: number;
  /** Streams that were asked for, in their order; with the number of the one that has come for it, once it has. */
  readonly #asked = new Set<{ stream?: number; answer: PromiseWithResolvers<AuthenticatedStream> }>();

  constructor(secrets: SessionSecrets, engine: CipherEngine, control: ControlChannel, options: ReverseListenerOptions) {
    this.#secrets = secrets;
    this.#engine = engine;
    this.#control = control;
    this.#options = options;
    this.words = {
      problem: "Cannot be reached by the other side, as --reverse wants it",
      reason: "it cannot reach a port of this machine",
      opening: (host) => `${portsToOpen(this.#acceptor?.port)} of this machine for ${host}`,
    };
    control.onMessage(["unreached"], ({ tried }) => this.#refuse(tried));
  }

  /** The port that is open; undefined before it is. */
  get port(): number | undefined {
    return this.#acceptor?.port;
  }

  get address(): string | undefined {
    return this.#from && `${this.#from} (which has connected to this machine)`;
  }

  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  /** @throws {UserError} when no port can be opened. */
  async first(patienceMs: number, failures: string[]): Promise<AuthenticatedStream | undefined> {
    this.#listen();
    try {
      const stream = await this.#ask(patienceMs);
      this.#from = hostnameOf(stream);
      this.attempts.push({ way: this.address! });
      return stream;
    } catch (error) {
      failures.push(messageOf(error));
      this.attempts.push({ way: "--reverse", problem: messageOf(error) });
      // One that comes too late must not come into a copy that goes another way by now.
      this.close();
    }
  }

  again(): Promise<AuthenticatedStream> {
    return this.#ask(AGAIN_MS);
  }

  close(): void {
    this.#closed = true;
    this.#acceptor?.close();
    for (const { answer } of this.#asked) answer.reject(new Error(UNNEEDED));
  }

  #listen(): void {
    this.#acceptor = new StreamAcceptor(...listenForStreams(undefined, this.#options.ports));
    const welcome = (stream: number) => {
      const first = Array.from(this.#asked).find((asked) => asked.stream === undefined);
      if (stream < FIRST_REVERSE_STREAM || !first) return false;
      first.stream = stream;
      return true;
    };
    const take = (stream: AuthenticatedStream) => {
      const asked = Array.from(this.#asked).find((each) => each.stream === stream.index);
      if (asked) asked.answer.resolve(stream);
      else stream.conn.close();
    };
    this.#acceptor.run(this.#secrets, this.#engine, Infinity, take, {
      as: "client",
      welcome,
      expected: () => this.#asked.size,
    }).catch(() => {
      // The listener has failed: what is asked for from now on does not come.
    });
  }

  async #ask(patienceMs: number): Promise<AuthenticatedStream> {
    if (this.#closed) throw new Error(UNNEEDED);
    const own = this.#acceptor!.port;
    const places = this.#options.places.slice(0, MAX_PLACES).map(({ hostname, port = own }) => ({ hostname, port }));
    const asked = { answer: Promise.withResolvers<AuthenticatedStream>() };
    this.#asked.add(asked);
    const silence = () => asked.answer.reject(new Error(`port ${own} of this machine: no answer`));
    const timer = setTimeout(silence, patienceMs + GRACE_MS);
    const began = performance.now();
    this.#control.send({ type: "reach", places, patienceMs });
    try {
      const stream = await asked.answer.promise;
      // There and back twice: what is asked for is a connection, and a proof comes over it.
      this.#roundTripMs = Math.min(this.#roundTripMs ?? Infinity, (performance.now() - began) / 2);
      return stream;
    } finally {
      clearTimeout(timer);
      this.#asked.delete(asked);
    }
  }

  /** An attempt of the remote end came to nothing: the one that nothing has come for, or was cut behind its proof. */
  #refuse(tried: string): void {
    const all = Array.from(this.#asked);
    const asked = all.find(({ stream }) => stream === undefined) ?? all[0];
    asked?.answer.reject(new Error(tried));
  }
}

function hostnameOf({ conn }: AuthenticatedStream): string {
  const { hostname } = (conn as Deno.TcpConn).remoteAddr;
  return hostname.replace(/^::ffff:(?=\d+\.)/, "");
}
