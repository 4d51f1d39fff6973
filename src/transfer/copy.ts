/** The client's story: start the other end, agree on a session, send or receive, and end it properly. */

import type { CipherName } from "../crypto/cipher.ts";
import type { EngineChoice } from "../crypto/engines.ts";
import { resolveSources, STANDARD_INPUT } from "../files/source_roots.ts";
import { type CopyRequest, jobOptions, walkOptions } from "./copy_request.ts";
import { BLOCK_BYTES } from "../protocol/limits.ts";
import type { Job } from "../protocol/messages.ts";
import { type ClientSession, openClientSession } from "../session/client_session.ts";
import { type PeerCommand, PeerProcess } from "../session/peer_process.ts";
import { toFailure } from "../streams/failure.ts";
import type { TransferEvent } from "./events.ts";
import { type Machine, openMachine } from "./machine.ts";
import { receive } from "./receive.ts";
import { type Outcome, send } from "./send.ts";
import { checkSources } from "./asked_sources.ts";
import { explain, leave } from "./peer_end.ts";
import { LIMITS } from "./transfer_limits.ts";

/** One copy between this machine and one other end. */
export interface CopyOptions {
  direction: "push" | "pull";
  /** Sources on the sending side, as typed (without the host). */
  sources: string[];
  /** Target on the receiving side, as typed (without the host). */
  target: string;
  /** The only source is standard input, whatever `sources` says. */
  fromInput: boolean;
  /** The target is standard output, whatever `target` says. */
  toOutput: boolean;
  /** How the other end is started. */
  peer: PeerCommand;
  /** The other host's name; undefined when the other end is a process on this machine. */
  hostname?: string;
  family?: 4 | 6;
  engine: EngineChoice;
  cipher: CipherName;
  streams: number;
  request: CopyRequest;
  /** Hears what happens. */
  emit: (event: TransferEvent) => void;
  /** Hears the session's name once there is one. */
  begun: (session: string) => void;
  /** Goes to the log. */
  note: (text: string) => void;
  /** Ends the copy early; its reason is thrown. */
  signal: AbortSignal;
}

/** Copies. @throws what ended it; what failed with single paths was emitted and is counted in the outcome. */
export async function copy(options: CopyOptions): Promise<Outcome> {
  options.signal.throwIfAborted();
  const peer = new PeerProcess(options.peer);
  const aborted = new Promise<never>((_, reject) => {
    options.signal.addEventListener("abort", () => reject(options.signal.reason), { once: true });
  });
  aborted.catch(() => {});
  const state: { session?: ClientSession } = {};
  try {
    // The other end starts while this one gets its engines ready.
    const machine = openMachine(options.engine);
    machine.notes.forEach(options.note);
    const work = run(options, peer, machine, state);
    work.catch(() => {});
    return await Promise.race([work, aborted]);
  } catch (error) {
    throw await explain(error, peer);
  } finally {
    await leave(peer, state.session);
  }
}

async function run(
  options: CopyOptions,
  peer: PeerProcess,
  machine: Machine,
  state: { session?: ClientSession },
): Promise<Outcome> {
  const startedAt = performance.now();
  const job = jobOf(options);
  const session = await openClientSession(peer, {
    job,
    cipher: options.cipher,
    engine: machine.cipher,
    hostname: options.hostname,
    family: options.family,
  });
  state.session = session;
  options.begun(session.secrets.id.slice(0, 8));
  options.note(
    `escp ${session.hello.software} there, ` +
      `${machine.cipher.library} and ${machine.files.name} files here, ${options.cipher}`,
  );
  const connected = { at: startedAt };
  const emit = (event: TransferEvent) => {
    if (event.type === "connected") {
      connected.at = performance.now();
      options.emit({ ...event, address: session.address });
    } else options.emit(event);
  };
  const shared = {
    session,
    salt: job.salt,
    files: machine.files,
    streams: options.streams,
    workers: machine.workers,
    blockBytes: BLOCK_BYTES,
    idleTimeoutMs: LIMITS.idleTimeoutMs,
    emit,
  };
  const outcome = options.direction === "push"
    ? await send({ ...shared, ...localRoots(options, machine), walk: walkOptions(options.request) })
    : await receive({
      ...shared,
      target: options.target,
      toOutput: options.toOutput,
      base: Deno.cwd(),
      tilde: false,
      checkSources: (sources) => checkSources(options.sources, options.request.recursive, sources),
      preserve: options.request.preserve,
      umask: machine.umask,
    });
  session.control.send({ type: "bye" });
  await session.control.flushed();
  emit({
    type: "finished",
    ...outcome,
    elapsedMs: performance.now() - connected.at,
    engine: machine.cipher.name,
  });
  return outcome;
}

function jobOf(options: CopyOptions): Job {
  const shared = jobOptions(options.request);
  return options.direction === "push"
    ? { direction: "push", target: options.target, ...shared }
    : { direction: "pull", sources: options.sources, ...shared };
}

function localRoots(options: CopyOptions, machine: Machine) {
  if (options.fromInput) return { operands: 1, roots: [{ ...STANDARD_INPUT, operand: 0 }], failures: [] };
  const { recursive } = options.request;
  const found = options.sources.map((path) =>
    resolveSources([path], { base: Deno.cwd(), tilde: false, recursive }, machine.files.paths)
  );
  return {
    operands: options.sources.length,
    roots: found.flatMap(({ roots }, operand) => roots.map((root) => ({ ...root, operand }))),
    failures: found.flatMap(({ failures }) => failures.map(toFailure)),
  };
}
