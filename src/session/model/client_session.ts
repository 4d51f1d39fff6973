/** Client: opens a session with a started peer. */

import type { CipherEngine, CipherName } from "../../crypto/cipher.ts";
import { deriveSessionKey, SECRET_BYTES, transcript } from "../../crypto/key_schedule.ts";
import { ProtocolError, StartError, UserError } from "../../errors.ts";
import { withDeadline } from "../../async/settle_within.ts";
import {
  FEATURES,
  type Hello,
  HelloScanner,
  negotiateVersion,
  parseHello,
  VERSIONS,
} from "../../protocol/control/hello.ts";
import { MAX_STREAMS } from "../../protocol/limits.ts";
import type { Job } from "../../protocol/control/job.ts";
import { formatMessage } from "../../protocol/control/message_codec.ts";
import { ReverseListener } from "../connect/reverse_listener.ts";
import { StreamConnector } from "../connect/connect_streams.ts";
import { candidates, ownPlaces, proxyCheck, serverTunnelUse, tunnelUse } from "../connect/data_paths.ts";
import { type Attempt, StreamDialer } from "../connect/dial_streams.ts";
import { dialPath, type DirectPath } from "../connect/direct_path.ts";
import type { Reach } from "../../ssh/reach.ts";
import { ControlChannel } from "./control_channel.ts";
import { checkRequired, type RequiredFeature, SAME_VERSION } from "./required_feature.ts";
import type { PeerProcess } from "./peer_process.ts";
import type { AuthenticatedStream, Session } from "./session.ts";
import { notStarted, UnusableEscp, withoutHello } from "./start_errors.ts";

/** Options for a client's session. */
export interface ClientSessionOptions {
  job: Job;
  /** Features that the job requires. */
  needed: readonly RequiredFeature[];
  /** Features that the session must not use. Default: none. */
  without?: readonly string[];
  cipher: CipherName;
  engine: CipherEngine;
  /** Settings to reach the remote host; undefined for a peer on this machine. */
  reach?: Reach;
  /** Reports a note about the route of the data. */
  note: (text: string) => void;
  /** Maximum time without data from the peer, in milliseconds. */
  timeoutMs: number;
  /** Maximum time of the login and the hello; undefined: unlimited, because the user may be typing a password. */
  helloTimeoutMs?: number;
  /** Restricts the data connections to one family. */
  family?: 4 | 6;
  /** Called with each stream before it is used. */
  opened?: (stream: AuthenticatedStream) => void;
}

/** A session, and the hello of the remote end. */
export interface ClientSession extends Session {
  hello: Hello;
  /** Address or tunnel of the streams, once one is open. */
  readonly address: string | undefined;
  /** Name of the tunnel of the streams; undefined if there is a direct route, or no stream is open yet. */
  readonly tunnel: string | undefined;
  /** Maximum useful number of streams. Known once a stream is open. */
  readonly maxStreams: number;
  /** Round trip of the streams, in milliseconds; undefined if unknown. */
  readonly roundTripMs: number | undefined;
  /** Routes that were tried for the first stream. */
  readonly attempts: readonly Attempt[];
  /** Returns why no direct route works, for messages. @param host name of the remote host. */
  blockedReason(host: string): string;
  /** Returns how to open a direct route, for messages; undefined behind a jump host. @param host name of the remote host. */
  opening(host: string): Promise<string | undefined>;
  /** Resolves when no stream is being opened. */
  settled(): Promise<void>;
}

/**
 * Reads the hello line and answers it.
 *
 * @throws {StartError} if the peer ends, or is not escp.
 * @throws {UserError} if the peer lacks the cipher or a required feature.
 */
export async function openClientSession(peer: PeerProcess, options: ClientSessionOptions): Promise<ClientSession> {
  const { line, rest } = await readHello(peer, options);
  const hello = acceptable(() => parseHello(line), peer);
  const version = acceptable(() => negotiateVersion(VERSIONS, hello.versions), peer);
  const { cipher, without = [] } = options;
  if (!hello.ciphers.includes(cipher)) {
    throw new UserError(`Cannot use ${cipher}: escp on ${peer.name} has ${hello.ciphers.join(", ")}`);
  }
  checkRequired(options.needed, hello, peer.name);
  const random = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
  const features = FEATURES.filter((feature) => hello.features.includes(feature) && !without.includes(feature));
  const start = formatMessage({ type: "start", version, features, random, cipher, job: options.job });
  const control = new ControlChannel(peer.stdout, peer.stdin, rest);
  control.sendLine(start);
  if (features.includes("alive")) control.watch(options.timeoutMs, { keepAlives: true });
  const key = await deriveSessionKey(hello.secret, random, transcript(line, start));
  const secrets = { id: hello.session, key, cipher };
  const dialer = new StreamDialer(secrets, options.engine, { as: "client", first: 0 });
  const { reverse } = options.reach ?? {};
  const direct: DirectPath = reverse
    ? new ReverseListener(secrets, options.engine, control, { ...reverse, places: ownPlaces(hello, options) })
    : dialPath(dialer, candidates(hello, options), { port: hello.port, ports: options.reach?.ports });
  const carrier = features.includes("tunnel") ? control : undefined;
  const isProxied = proxyCheck(options.reach);
  const { route } = peer;
  const tunnels = route
    ? serverTunnelUse(route, options, direct, carrier)
    : tunnelUse(hello, options, direct, carrier, isProxied);
  const through = route ? "the port of the server" : undefined;
  const connector = new StreamConnector(dialer, direct, { tunnels, host: peer.host, carrier: through, isProxied });
  return {
    role: "client",
    secrets,
    control,
    features,
    hello,
    engine: options.engine,
    bringUp: (count, take) =>
      connector.connect(count, (stream) => {
        options.opened?.(stream);
        take(stream);
      }),
    close: () => connector.close(),
    gone: () => connector.gone(),
    settled: () => connector.settled(),
    blockedReason: direct.messages.reason,
    opening: async (host) => await isProxied() ? undefined : direct.messages.opening(host),
    get attempts() {
      return connector.attempts;
    },
    get tunnel() {
      return connector.tunnel?.name;
    },
    get maxStreams() {
      return connector.tunnel?.maxStreams ?? MAX_STREAMS;
    },
    get roundTripMs() {
      return connector.roundTripMs;
    },
    get address() {
      return connector.address;
    },
  };
}

/** Time to exit for a peer that has closed its output without a hello. In milliseconds. */
const LEAVE_MS = 2_000;

async function readHello(
  peer: PeerProcess,
  { helloTimeoutMs: timeoutMs, reach }: Pick<ClientSessionOptions, "helloTimeoutMs" | "reach">,
): Promise<{ line: string; rest: Uint8Array }> {
  const scanner = new HelloScanner();
  const scanning = scan(peer, scanner);
  const found = timeoutMs === undefined ? await scanning : await withDeadline(timeoutMs, scanning, () => {
    peer.kill();
    return withoutHello(peer.name, scanner.noise, timeoutMs, reach?.host.serve !== undefined);
  });
  if (found) return found;
  // A program that has closed its output cannot send a hello any more, even if it keeps running.
  const { code, signal } = await peer.end(LEAVE_MS);
  if (peer.route) {
    throw new StartError(`Cannot start a session at ${peer.name}: the server ended it before it began`, {
      hint: "The log of the server has the reason",
    });
  }
  const { lastError, outOfMemory } = await peer.errors();
  const isNamed = reach !== undefined && reach.search === undefined;
  throw notStarted({ name: peer.name, isNamed, code, signal, output: scanner.noise, lastError, outOfMemory });
}

/** Reads the peer's output up to the hello. @returns undefined at the end of the output. */
async function scan(
  peer: PeerProcess,
  scanner: HelloScanner,
): Promise<{ line: string; rest: Uint8Array } | undefined> {
  try {
    for (;;) {
      const { value, done } = await peer.stdout.read();
      const found = done ? undefined : scanner.push(value);
      if (done || found) return found;
    }
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw new StartError(`Cannot start escp on ${peer.name}: ${cause.message}`, {
      cause,
      hint: "A login script on that host prints too much; let it print nothing unless it is interactive",
    });
  }
}

function acceptable<T>(parse: () => T, peer: PeerProcess): T {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    const message = `Cannot use escp on ${peer.name}: ${cause.message}`;
    const options = { cause, hint: SAME_VERSION };
    throw cause.code === "no-version" ? new UnusableEscp(message, options) : new StartError(message, options);
  }
}
