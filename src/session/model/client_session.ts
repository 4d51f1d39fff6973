/** Client: from a started peer to an agreed session. */

import type { CipherEngine, CipherName } from "../../crypto/cipher.ts";
import { deriveSessionKey, SECRET_BYTES } from "../../crypto/key_schedule.ts";
import { ProtocolError, StartError, UserError } from "../../errors.ts";
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
import { candidates, ownPlaces, tunnelUse } from "../connect/data_paths.ts";
import { type Attempt, StreamDialer } from "../connect/dial_streams.ts";
import { dialPath, type DirectPath } from "../connect/direct_path.ts";
import type { Reach } from "../../ssh/reach.ts";
import { ControlChannel } from "./control_channel.ts";
import { checkRequired, type RequiredFeature, SAME_VERSION } from "./required_feature.ts";
import type { PeerProcess } from "./peer_process.ts";
import { NoLogin } from "./start_errors.ts";
import type { Session } from "./session.ts";
import { UnusableEscp, unusableEscp } from "./start_errors.ts";

/** What a client wants of a session. */
export interface ClientSessionOptions {
  job: Job;
  /** What the job cannot do without. */
  needed: readonly RequiredFeature[];
  cipher: CipherName;
  engine: CipherEngine;
  /** How the other host is reached; undefined for a local peer. */
  reach?: Reach;
  /** Hears what the user should know of the way that the data takes. */
  tell: (note: string) => void;
  /** Silence of the other end that ends the session, in milliseconds. */
  timeoutMs: number;
  /** How long the hello may take, login and all; undefined where somebody may be typing a password. */
  helloTimeoutMs?: number;
  /** Restricts the data connections to one family. */
  family?: 4 | 6;
}

/** A session and what the remote end said of itself. */
export interface ClientSession extends Session {
  hello: Hello;
  /** Where the streams go, once they do: an address, or the name of a tunnel. */
  readonly address: string | undefined;
  /** The name of the tunnel that they go through; undefined: none is needed, or none is there yet. */
  readonly tunnel: string | undefined;
  /** As many streams as the way that was found is worth; known once there is one. */
  readonly mostStreams: number;
  /** How long the way of the streams takes there and back; undefined: not known, or not yet. */
  readonly roundTripMs: number | undefined;
  /** What came of each way to the first stream. */
  readonly attempts: readonly Attempt[];
  /** What would open a direct way, for messages. @param host as the user knows it. */
  opening(host: string): string;
  /** Resolves when no stream is being brought up any more. */
  settled(): Promise<void>;
}

/**
 * Reads the hello line and answers it.
 *
 * @throws {StartError} when the peer ends, or is not escp.
 * @throws {UserError} when the ciphers do not meet, or a feature is missing that is needed.
 */
export async function openClientSession(peer: PeerProcess, options: ClientSessionOptions): Promise<ClientSession> {
  const { line, rest } = await readHello(peer, options.helloTimeoutMs);
  const hello = acceptable(() => parseHello(line), peer);
  const version = acceptable(() => negotiateVersion(VERSIONS, hello.versions), peer);
  const { cipher } = options;
  if (!hello.ciphers.includes(cipher)) {
    throw new UserError(`Cannot use ${cipher}: escp on ${peer.name} has ${hello.ciphers.join(", ")}`);
  }
  checkRequired(options.needed, hello, peer.name);
  const random = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
  const features = FEATURES.filter((feature) => hello.features.includes(feature));
  const start = formatMessage({ type: "start", version, features, random, cipher, job: options.job });
  const control = new ControlChannel(peer.stdout, peer.stdin, rest);
  control.sendLine(start);
  if (features.includes("alive")) control.watch(options.timeoutMs, { signs: true });
  const key = await deriveSessionKey(hello.secret, random, transcript(line, start));
  const secrets = { id: hello.session, key, cipher };
  const dialer = new StreamDialer(secrets, options.engine, { as: "client", first: 0 });
  const { reverse } = options.reach ?? {};
  const direct: DirectPath = reverse
    ? new ReverseListener(secrets, options.engine, control, { ...reverse, places: ownPlaces(hello, options) })
    : dialPath(dialer, candidates(hello, options));
  const carrier = features.includes("tunnel") ? control : undefined;
  const connector = new StreamConnector(dialer, direct, tunnelUse(hello, options, direct, carrier));
  return {
    role: "client",
    secrets,
    control,
    features,
    hello,
    engine: options.engine,
    bringUp: (count, take) => connector.connect(count, take),
    close: () => connector.close(),
    gone: () => connector.gone(),
    settled: () => connector.settled(),
    opening: (host) => direct.words.opening(host),
    get attempts() {
      return connector.attempts;
    },
    get tunnel() {
      return connector.tunnel?.name;
    },
    get mostStreams() {
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

/** What both ends have seen of each other in the clear of ssh: bound into the keys. */
export function transcript(hello: string, start: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${hello}\n${start}\n`);
}

/** How long a peer may stay that has closed its output without a hello. */
const LEAVE_MS = 2_000;

async function readHello(peer: PeerProcess, timeoutMs?: number): Promise<{ line: string; rest: Uint8Array }> {
  const scanner = new HelloScanner();
  const late = { given: false };
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => {
    late.given = true;
    peer.kill();
  }, timeoutMs);
  try {
    for (;;) {
      const { value, done } = await peer.stdout.read();
      if (done) break;
      const found = scanner.push(value);
      if (found) return found;
    }
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw new StartError(`Cannot start escp on ${peer.name}: ${cause.message}`, {
      cause,
      hint: "A login script there prints without end; let it be silent when it is not interactive",
    });
  } finally {
    clearTimeout(timer);
  }
  // A program that has closed its output cannot say hello any more, also when it stays.
  const { code, signal } = await peer.end(LEAVE_MS);
  if (late.given) {
    throw new NoLogin(`Cannot start escp on ${peer.name}: it did not say hello within ${timeoutMs! / 1000} s`, {
      hint: "See whether the host answers (ssh -v), or give it more time with --timeout",
    });
  }
  throw notStarted(peer.name, code, signal, scanner.noise);
}

/** Why there was no hello, as the exit status of ssh tells it (ssh(1): 255 is ssh's own, others are the command's). */
function notStarted(name: string, code: number, signal: string | null, noise: string): StartError {
  if (code === 255) return new NoLogin(`Cannot log in to ${name}: ssh ended with status 255, its message is above`);
  const unusable = unusableEscp(name, code);
  if (unusable) return unusable;
  // csh and cmd.exe say no more when there is no such command.
  if (code === 1 && noise.trim() === "") {
    return new UnusableEscp(name, `Cannot start escp on ${name}: it ended with status 1 before it said hello`, {
      hint: "Is it installed there? Name its place with -D PATH",
    });
  }
  const said = noise.trim() ? `; it said: ${noise.trim().slice(0, 300)}` : "";
  const how = signal ? `signal ${signal}` : `status ${code}`;
  return new StartError(`Cannot start escp on ${name}: it ended with ${how} before it said hello${said}`);
}

function acceptable<T>(parse: () => T, peer: PeerProcess): T {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    const message = `Cannot use escp on ${peer.name}: ${cause.message}`;
    const options = { cause, hint: SAME_VERSION };
    throw cause.code === "no-version"
      ? new UnusableEscp(peer.name, message, options)
      : new StartError(message, options);
  }
}
