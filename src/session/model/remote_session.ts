/** Remote end: sends a hello on standard output, and opens a session when the client has answered. */

import { CIPHER_NAMES, type CipherEngine, type CipherName } from "../../crypto/cipher.ts";
import { deriveSessionKey, SECRET_BYTES, transcript } from "../../crypto/key_schedule.ts";
import { ProtocolError, UserError } from "../../errors.ts";
import { settleWithin } from "../../async/settle_within.ts";
import { FEATURES, formatHello, VERSIONS } from "../../protocol/control/hello.ts";
import type { CopyJob, Job } from "../../protocol/control/job.ts";
import { parseMessage } from "../../protocol/control/message_codec.ts";
import type { MessageOf } from "../../protocol/control/messages.ts";
import { FIRST_REVERSE_STREAM, MAX_STREAMS, TIMEOUT_MS } from "../../protocol/limits.ts";
import { StreamAcceptor } from "../connect/accept_streams.ts";
import type { PortRange } from "../../ssh/port_range.ts";
import { listenAtAddress, listenForStreams } from "../connect/data_port.ts";
import { StreamDialer } from "../connect/dial_streams.ts";
import { clientAddress, hostAddresses } from "../connect/host_addresses.ts";
import { dialReverse } from "../connect/reverse_dialer.ts";
import { carryStreams } from "../tunnel/carried_streams.ts";
import { ControlChannel } from "./control_channel.ts";
import { ControlLost } from "./control_errors.ts";
import type { AuthenticatedStream, Session, SessionSecrets } from "./session.ts";

/** Number of streams beyond those agreed on: attempts at several addresses, and replacements of broken streams. */
const SPARE_STREAMS = 1024;
/** Port in the hello if no session is possible: nothing listens on it. */
const NO_PORT = 1;
/** Range for any free port. */
const ANY_PORT: PortRange = { first: 0, last: 0 };
/** Maximum time to send the reason of a failed start, in milliseconds. */
const REFUSAL_MS = 1_000;

/** Options for the remote end of a session. */
export interface RemoteSessionOptions {
  /** Loads the engine. Called after the hello was sent, because it takes some milliseconds. */
  engine: () => CipherEngine | Promise<CipherEngine>;
  /** Version of this software. */
  software: string;
  /** Whether the client on this machine started this end. Then it listens on loopback only. */
  local: boolean;
  /** Whether data connections come from this machine only, because a server passes them on. Default: false. */
  onePort?: boolean;
  /** Address of this machine to listen on. Default: all. */
  address?: string;
  /** Ports to listen on. Default: the known ports, or else any. */
  ports?: PortRange;
  /** Whether this end may connect only to the address that ssh came from. */
  confined: boolean;
  /** Reason why no session is possible. It is sent to the client. */
  problem?: UserError;
  input: ReadableStream<Uint8Array>;
  output: WritableStream<Uint8Array>;
  /** Value of SSH_CONNECTION, if ssh has set it. */
  sshConnection?: string;
}

/** A session and its job. */
export interface RemoteSession extends Session {
  job: Job;
}

/** A session whose job is a copy. */
export interface CopySession extends RemoteSession {
  job: CopyJob;
}

/**
 * Opens a session with the client.
 *
 * @throws {ControlLost} if the client ends the connection.
 * @throws {ProtocolError | UserError} if no session is possible. The reason was sent to the client.
 */
export async function openRemoteSession(options: RemoteSessionOptions): Promise<RemoteSession> {
  const listening = listen(options);
  const acceptor = listening instanceof StreamAcceptor ? listening : undefined;
  const control = new ControlChannel(options.input.getReader(), options.output.getWriter());
  try {
    const offer = await sendHello(control, options, acceptor?.port ?? NO_PORT);
    // The client understands a refusal only after the hello.
    if (!(listening instanceof StreamAcceptor)) throw listening;
    const engine = await options.engine();
    const answer = await receiveStart(control);
    const secrets = await agreeOnKey(offer, answer);
    return connectSession(options, { control, acceptor: listening, engine, secrets, start: answer.start });
  } catch (error) {
    acceptor?.close();
    control.abandon();
    await sendRefusal(control, error);
    throw error;
  }
}

/** Listens for streams. @returns the reason if no session is possible. */
function listen({ local, onePort, address, ports, problem }: RemoteSessionOptions): StreamAcceptor | UserError {
  if (problem) return problem;
  try {
    if (local || onePort) return new StreamAcceptor(...listenForStreams("127.0.0.1", onePort ? ANY_PORT : ports));
    const listeners = address === undefined ? listenForStreams(undefined, ports) : listenAtAddress(address, ports);
    return new StreamAcceptor(...listeners);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}

/** The hello as it was sent, and the secrets in it. */
interface Offer {
  hello: string;
  id: string;
  secret: Uint8Array<ArrayBuffer>;
}

async function sendHello(
  control: ControlChannel,
  { software, local, onePort, address, sshConnection }: RemoteSessionOptions,
  port: number,
): Promise<Offer> {
  const secret = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
  const id = crypto.getRandomValues(new Uint8Array(16)).toHex();
  const hello = formatHello({
    versions: [...VERSIONS],
    software,
    features: [...FEATURES],
    session: id,
    secret,
    port,
    addresses: local || onePort ? [] : address !== undefined ? [address] : hostAddresses(sshConnection),
    ciphers: [...CIPHER_NAMES],
    client: local ? undefined : clientAddress(sshConnection),
    system: `${Deno.build.os} ${Deno.build.arch}`,
    cores: navigator.hardwareConcurrency,
  });
  // The login shell may have printed a line without a newline.
  control.sendLine("\n" + hello);
  await control.flushed();
  return { hello, id, secret };
}

/** The client's answer, and its line. */
interface Answer {
  start: MessageOf<"start">;
  line: string;
}

async function receiveStart(control: ControlChannel): Promise<Answer> {
  control.watch(TIMEOUT_MS, { keepAlives: false });
  const line = await control.nextLine();
  if (line === undefined) throw new ControlLost("The client ended the connection before it sent a job", control);
  const start = parseMessage(line);
  if (start.type === "abort") throw new ControlLost(`The client ended the session: ${start.message}`, control);
  if (start.type !== "start") throw new ProtocolError("bad-order", `Cannot begin with a message "${start.type}"`);
  return { start, line };
}

async function agreeOnKey({ hello, id, secret }: Offer, { start, line }: Answer): Promise<SessionSecrets> {
  const cipher = checkChoice(start.version, start.cipher);
  const key = await deriveSessionKey(secret, start.random, transcript(hello, line));
  return { id, key, cipher };
}

function checkChoice(version: number, cipher: string): CipherName {
  if (!VERSIONS.includes(version)) {
    throw new ProtocolError(
      "no-version",
      `Cannot use protocol version ${version}: this escp supports ${VERSIONS.join(", ")}`,
    );
  }
  if (!CIPHER_NAMES.includes(cipher as CipherName)) {
    throw new ProtocolError("no-cipher", "Cannot use the cipher that the client chose");
  }
  return cipher as CipherName;
}

/** Starts the features that both ends know. */
function connectSession(
  { confined, sshConnection }: RemoteSessionOptions,
  { control, acceptor, engine, secrets, start: { job, features: requested } }: {
    control: ControlChannel;
    acceptor: StreamAcceptor;
    engine: CipherEngine;
    secrets: SessionSecrets;
    start: MessageOf<"start">;
  },
): RemoteSession {
  const features = FEATURES.filter((feature) => requested.includes(feature));
  if (features.includes("tunnel")) carryStreams(control, acceptor.port);
  const dialer = new StreamDialer(secrets, engine, { as: "remote", first: FIRST_REVERSE_STREAM });
  const taker = Promise.withResolvers<(stream: AuthenticatedStream) => void>();
  if (features.includes("reverse")) {
    // Without ssh there is no allowed address.
    const only = confined ? clientAddress(sshConnection) ?? "" : undefined;
    dialReverse(control, dialer, taker.promise, { only, maxStreams: MAX_STREAMS + SPARE_STREAMS });
  }
  const keepAlives = features.includes("alive");
  control.watch(keepAlives ? job.timeoutMs ?? TIMEOUT_MS : 0, { keepAlives });
  return {
    role: "remote",
    secrets,
    control,
    features,
    job,
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
}

/** Sends the reason to the client. Does not wait long for a client that does not read. */
async function sendRefusal(control: ControlChannel, error: unknown): Promise<void> {
  if (!(error instanceof ProtocolError || error instanceof UserError)) return;
  const reason = error instanceof UserError ? { code: "start", hint: error.hint } : { code: error.code };
  control.send({ type: "abort", message: error.message, ...reason });
  await settleWithin(REFUSAL_MS, control.flushed());
}
