/** Client: listens on a port, to which the remote end connects because its own ports are blocked (`--reverse`). */

import type { CipherEngine } from "../../crypto/cipher.ts";
import { messageOf } from "../../errors.ts";
import { withDeadline } from "../../async/settle_within.ts";
import { FIRST_REVERSE_STREAM, MAX_PLACES } from "../../protocol/limits.ts";
import { StreamAcceptor } from "./accept_streams.ts";
import type { ControlChannel } from "../model/control_channel.ts";
import { listenForStreams } from "./data_port.ts";
import type { Attempt, Patience } from "./dial_streams.ts";
import { type DirectPath, portsToOpen } from "./direct_path.ts";
import type { PortRange } from "../../ssh/port_range.ts";
import type { AuthenticatedStream, SessionSecrets } from "../model/session.ts";
import { UNNEEDED } from "./handshake.ts";

/** Additional time for the answer of a remote end that cannot reach this machine. In milliseconds. */
const GRACE_MS = 2_000;
/** Maximum time to open a further stream, in milliseconds. */
const AGAIN_MS = 15_000;

/** Ports to listen on, and addresses of this machine. */
export interface ReverseListenerOptions {
  /** Addresses of this machine. Default port: the one that it listens on. */
  places: readonly { hostname: string; port?: number }[];
  /** Ports to listen on. Default: the known ports, or else any. */
  ports?: PortRange;
}

/** Direct route to this machine, which listens from the first request on. */
export class ReverseListener implements DirectPath {
  readonly messages: DirectPath["messages"];
  readonly attempts: Attempt[] = [];
  readonly #secrets: SessionSecrets;
  readonly #engine: CipherEngine;
  readonly #control: ControlChannel;
  readonly #options: ReverseListenerOptions;
  #acceptor?: StreamAcceptor;
  #closed = false;
  #from?: string;
  #roundTripMs?: number;
  /** Requested streams, in their order. `stream` is the number of the one that has arrived. */
  readonly #requests = new Set<{ stream?: number; answer: PromiseWithResolvers<AuthenticatedStream> }>();

  constructor(secrets: SessionSecrets, engine: CipherEngine, control: ControlChannel, options: ReverseListenerOptions) {
    this.#secrets = secrets;
    this.#engine = engine;
    this.#control = control;
    this.#options = options;
    this.messages = {
      problem: "Cannot accept data connections from the remote host, as --reverse requires",
      reason: (host) => `${host} cannot reach a port of this machine`,
      opening: (host) => `${portsToOpen(this.#acceptor?.port, options.ports)} of this machine for ${host}`,
    };
    control.onMessage(["unreached"], ({ tried }) => this.#refuse(tried));
  }

  /** The port; undefined before the first request. */
  get port(): number | undefined {
    return this.#acceptor?.port;
  }

  get address(): string | undefined {
    return this.#from && `${this.#from} (which has connected to this machine)`;
  }

  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  /** @throws {UserError} if there is no free port. */
  async first({ connectMs }: Patience, failures: string[]): Promise<AuthenticatedStream | undefined> {
    this.#listen();
    try {
      const stream = await this.#request(connectMs);
      this.#from = hostnameOf(stream);
      this.attempts.push({ way: this.address! });
      return stream;
    } catch (error) {
      failures.push(messageOf(error));
      this.attempts.push({ way: "--reverse", problem: messageOf(error) });
      // A late stream must not join a copy that uses another route.
      this.close();
    }
  }

  again(): Promise<AuthenticatedStream> {
    return this.#request(AGAIN_MS);
  }

  close(): void {
    this.#closed = true;
    this.#acceptor?.close();
    for (const { answer } of this.#requests) answer.reject(new Error(UNNEEDED));
  }

  #listen(): void {
    this.#acceptor = new StreamAcceptor(...listenForStreams(undefined, this.#options.ports));
    const welcome = (stream: number) => {
      const first = Array.from(this.#requests).find(({ stream }) => stream === undefined);
      if (stream < FIRST_REVERSE_STREAM || !first) return false;
      first.stream = stream;
      return true;
    };
    const take = (stream: AuthenticatedStream) => {
      const request = Array.from(this.#requests).find((each) => each.stream === stream.index);
      if (request) request.answer.resolve(stream);
      else stream.conn.close();
    };
    this.#acceptor.run(this.#secrets, this.#engine, Infinity, take, {
      as: "client",
      welcome,
      expected: () => this.#requests.size,
    }).catch(() => {
      // The listener has failed. Further requests time out.
    });
  }

  async #request(patienceMs: number): Promise<AuthenticatedStream> {
    if (this.#closed) throw new Error(UNNEEDED);
    const own = this.#acceptor!.port;
    const places = this.#options.places.slice(0, MAX_PLACES).map(({ hostname, port = own }) => ({ hostname, port }));
    const request = { answer: Promise.withResolvers<AuthenticatedStream>() };
    this.#requests.add(request);
    const began = performance.now();
    this.#control.send({ type: "reach", places, patienceMs });
    try {
      const stream = await withDeadline(
        patienceMs + GRACE_MS,
        request.answer.promise,
        () => new Error(`port ${own} of this machine: no answer`),
      );
      // Two round trips: the request with its connection, and the handshake.
      this.#roundTripMs = Math.min(this.#roundTripMs ?? Infinity, (performance.now() - began) / 2);
      return stream;
    } finally {
      this.#requests.delete(request);
    }
  }

  /** Fails the request of an attempt of the remote end: one without a stream, or else the oldest. */
  #refuse(tried: string): void {
    const all = Array.from(this.#requests);
    const request = all.find(({ stream }) => stream === undefined) ?? all[0];
    request?.answer.reject(new Error(tried));
  }
}

function hostnameOf({ conn }: AuthenticatedStream): string {
  const { hostname } = (conn as Deno.TcpConn).remoteAddr;
  return hostname.replace(/^::ffff:(?=\d+\.)/, "");
}
