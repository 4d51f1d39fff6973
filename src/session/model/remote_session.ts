/** Remote end: says hello on its standard output, and has a session when the client has answered. */

import { CIPHER_NAMES, type CipherEngine, type CipherName } from "../../crypto/cipher.ts";
import { deriveSessionKey, SECRET_BYTES } from "../../crypto/key_schedule.ts";
import { ProtocolError, UserError } from "../../errors.ts";
import { FEATURES, formatHello, VERSIONS } from "../../protocol/control/hello.ts";
import { FIRST_REVERSE_STREAM, MAX_STREAMS, TIMEOUT_MS } from "../../protocol/limits.ts";
import type { CopyJob, Job } from "../../protocol/control/job.ts";
import { parseMessage } from "../../protocol/control/message_codec.ts";
import { StreamAcceptor } from "../connect/accept_streams.ts";
import { dialReverse } from "../connect/reverse_dialer.ts";
import { carryStreams } from "../tunnel/carried_streams.ts";
import { transcript } from "./client_session.ts";
import { ControlChannel, ControlLost } from "./control_channel.ts";
import { listenForStreams, type PortRange } from "../connect/data_port.ts";
import { StreamDialer } from "../connect/dial_streams.ts";
import { clientAddress, hostAddresses } from "../connect/host_addresses.ts";
import type { AuthenticatedStream, Session } from "./session.ts";

/** Streams beyond those that were agreed: attempts at several addresses, and replacements of broken ones. */
const SPARE_STREAMS = 1024;
/** What stands in a hello behind which the client is turned away: nobody listens. */
const NO_PORT = 1;

/** What the remote end brings along. */
export interface RemoteSessionOptions {
  /** Gets the engine ready; called when the hello is on its way, as that takes some milliseconds. */
  engine: () => CipherEngine | Promise<CipherEngine>;
  /** Version of this software. */
  software: string;
  /** Whether the client is on this machine and started this end itself: then only loopback is listened on. */
  local: boolean;
  /** Ports to listen on; undefined: those that are known, or else any. */
  ports?: PortRange;
  /** Whether this end connects to no other address than that ssh came from, however the client asks. */
  confined: boolean;
  /** Why no session can be had here: the client is told. */
  problem?: UserError;
  input: ReadableStream<Uint8Array>;
  output: WritableStream<Uint8Array>;
  /** Value of SSH_CONNECTION, where ssh set it. */
  sshConnection?: string;
}

/** A session and its job. */
export interface RemoteSession extends Session {
  job: Job;
}

/** One whose job is a copy. */
export interface CopySession extends RemoteSession {
  job: CopyJob;
}

/**
 * @throws {ControlLost} when the client goes away, {ProtocolError} when it breaks the protocol, {UserError} when there can
 * be no session here; the client has been told then.
 */
export async function openRemoteSession(options: RemoteSessionOptions): Promise<RemoteSession> {
  const { listeners, problem } = listenOrRefuse(options);
  const acceptor = listeners && new StreamAcceptor(...listeners);
  const control = new ControlChannel(options.input.getReader(), options.output.getWriter());
  try {
    const secret = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
    const id = randomHex(16);
    const hello = formatHello({
      versions: [...VERSIONS],
      software: options.software,
      features: [...FEATURES],
      session: id,
      secret,
      port: acceptor?.port ?? NO_PORT,
      addresses: options.local ? [] : hostAddresses(options.sshConnection),
      ciphers: [...CIPHER_NAMES],
      client: options.local ? undefined : clientAddress(options.sshConnection),
    });
    // The login shell may have printed something without a newline.
    control.sendLine("\n" + hello);
    await control.flushed();
    if (!acceptor) throw problem;
    const engine = await options.engine();
    control.watch(TIMEOUT_MS, { signs: false });
    const line = await control.nextLine();
    if (line === undefined) throw new ControlLost("The client went away before it said what to do");
    const start = parseMessage(line);
    if (start.type === "abort") throw new ControlLost(`The client gave up: ${start.message}`);
    if (start.type !== "start") throw new ProtocolError("bad-order", `Cannot begin with a message "${start.type}"`);
    const cipher = checkChoice(start.version, start.cipher);
    const key = await deriveSessionKey(secret, start.random, transcript(hello, line));
    const secrets = { id, key, cipher };
    const features = FEATURES.filter((feature) => start.features.includes(feature));
    if (features.includes("tunnel")) carryStreams(control, acceptor.port);
    const dialer = new StreamDialer(secrets, engine, { as: "remote", first: FIRST_REVERSE_STREAM });
    const taker = Promise.withResolvers<(stream: AuthenticatedStream) => void>();
    if (features.includes("reverse")) {
      // Where there is no ssh there is no such address.
      const only = options.confined ? clientAddress(options.sshConnection) ?? "" : undefined;
      dialReverse(control, dialer, taker.promise, { only, most: MAX_STREAMS + SPARE_STREAMS });
    }
    const signs = features.includes("alive");
    control.watch(signs ? start.job.timeoutMs ?? TIMEOUT_MS : 0, { signs });
    return {
      role: "remote",
      secrets,
      control,
      features,
      job: start.job,
      engine,
      async bringUp({ max }, take) {
        taker.resolve(take);
        const welcome = (stream: number) => stream < FIRST_REVERSE_STREAM;
        await acceptor.run(secrets, engine, max + SPARE_STREAMS, take, { welcome, expected: () => max });
        return max;
      },
      close() {
        acceptor.close();
        dialer.close();
      },
      gone: () => Promise.resolve(),
    };
  } catch (error) {
    acceptor?.close();
    control.abandon();
    // The client is told what was wrong; one that does not read is not waited for.
    if (error instanceof ProtocolError || error instanceof UserError) {
      const reason = error instanceof UserError ? { code: "start", hint: error.hint } : { code: error.code };
      control.send({ type: "abort", message: error.message, ...reason });
      await Promise.race([control.flushed(), new Promise((resolve) => setTimeout(resolve, 1_000))]);
    }
    throw error;
  }
}

/** Where there can be no session the client hears of it behind the hello, as that is the first thing it understands. */
function listenOrRefuse({ local, ports, problem }: RemoteSessionOptions): {
  listeners?: Deno.TcpListener[];
  problem?: UserError;
} {
  if (problem) return { problem };
  try {
    return { listeners: listenForStreams(local ? "127.0.0.1" : undefined, ports) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { problem: error };
  }
}

function checkChoice(version: number, cipher: string): CipherName {
  if (!VERSIONS.includes(version)) {
    throw new ProtocolError("no-version", `Cannot speak protocol version ${version}, but ${VERSIONS.join(", ")}`);
  }
  if (!CIPHER_NAMES.includes(cipher as CipherName)) {
    throw new ProtocolError("no-cipher", `Cannot use the cipher that the client chose`);
  }
  return cipher as CipherName;
}

function randomHex(bytes: number): string {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  return random.toHex();
}
