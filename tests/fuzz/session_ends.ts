/** Both ends of sessions in this process, with a control channel in memory and streams over loopback. */

import { ProtocolError, UserError } from "../../src/errors.ts";
import { type ClientSession, openClientSession } from "../../src/session/model/client_session.ts";
import { ControlLost, PeerAbort } from "../../src/session/model/control_errors.ts";
import type { PeerProcess } from "../../src/session/model/peer_process.ts";
import { openRemoteSession } from "../../src/session/model/remote_session.ts";
import type { AuthenticatedStream, Session } from "../../src/session/model/session.ts";
import { closeQuietly } from "../../src/net/close.ts";
import { fixedCount } from "../../src/session/model/stream_count.ts";
import type { OpenPeer } from "../../src/transfer/client/open_peers.ts";
import { runSession } from "../../src/transfer/client/client_job.ts";
import type { CopyOptions } from "../../src/transfer/client/copy_options.ts";
import type { Outcome } from "../../src/transfer/totals.ts";
import { ReservedNames } from "../../src/transfer/client/reserved_names.ts";
import { serveInProcess } from "../support/escp/in_process.ts";
import { engine as cipher } from "../transfer/hostile_end.ts";
import { HostileStream } from "../transfer/hostile_stream.ts";

/** Outcome of one end of a session. */
export interface Ending {
  outcome?: Outcome | void;
  error?: Error;
}

/** One direction of a control channel. */
export interface Pipe {
  readable: ReadableStream<Uint8Array>;
  writable: WritableStream<Uint8Array>;
  /** Ends the pipe, as if the writing process had exited. */
  end(): void;
}

export interface Pipes {
  toRemote: Pipe;
  toClient: Pipe;
}

/** A copy of the contents of a directory to another. */
export interface Copying {
  direction: "push" | "pull";
  from: string;
  to: string;
  engine: "native" | "portable";
}

/** Actions of a hostile peer after its stream is open. */
export type Trick = (session: Session, stream: HostileStream) => Promise<unknown>;

/** Timeout of sessions. Keep-alives are four times as frequent. */
const TIMEOUT_MS = 1_000;

/** Runs the client of a copy. */
export async function runClient(copying: Copying, pipes: Pipes): Promise<Ending> {
  const peer = peerOf(pipes);
  const open: OpenPeer = { process: peer };
  const ending = await endingOf(runSession(optionsOf(copying), open));
  await leave(open.session, peer);
  return ending;
}

/** Runs the remote end. */
export async function runRemote({ engine }: Pick<Copying, "engine">, { toRemote, toClient }: Pipes): Promise<Ending> {
  const { signal } = new AbortController();
  const pipes = { input: toRemote.readable, output: toClient.writable };
  const ending = await endingOf(serveInProcess({ engine, local: true, ...pipes, signal }));
  toClient.end();
  return ending;
}

/** Runs a hostile client. */
export async function runHostileClient(copying: Copying, pipes: Pipes, trick: Trick): Promise<void> {
  const peer = peerOf(pipes);
  const { direction, from, to } = copying;
  const session = await openClientSession(peer, {
    job: {
      ...(direction === "push" ? { direction, target: to } : { direction, sources: [`${from}/.`] }),
      ...{ recursive: true, preserve: false, symlinks: "follow", hardlinks: false, filters: [] },
      ...{ blockBytes: 1 << 20, salt: "hostile", timeoutMs: TIMEOUT_MS },
    },
    ...{ needed: [], cipher: "aes-128-gcm", engine: cipher, timeoutMs: TIMEOUT_MS, note: () => {} },
  });
  const { control } = session;
  await play(session, trick, async () => {
    await prepare(session, direction === "push");
    control.send({ type: "streams", count: 1 });
    return 1;
  });
  await leave(session, peer);
}

/** Runs a hostile remote end. */
export async function runHostileRemote({ direction }: Copying, pipes: Pipes, trick: Trick): Promise<void> {
  const session = await openRemoteSession({
    ...{ engine: () => cipher, software: "hostile", local: true, confined: false },
    ...{ input: pipes.toRemote.readable, output: pipes.toClient.writable },
  });
  await play(session, trick, async () => {
    await prepare(session, direction === "pull");
    return (await session.control.expect("streams")).count;
  });
  session.close();
  session.control.abandon();
  pipes.toClient.end();
}

/** Returns whether the outcome is an expected reaction to a hostile peer, not a bug. */
export function isExpected({ error }: Ending): boolean {
  return error === undefined || error instanceof ProtocolError || error instanceof UserError ||
    error instanceof ControlLost || error instanceof PeerAbort;
}

async function play(session: Session, trick: Trick, agree: () => Promise<number>): Promise<void> {
  const opened: AuthenticatedStream[] = [];
  try {
    const count = await agree();
    const proven = await new Promise<AuthenticatedStream>((resolve, reject) => {
      session.bringUp(fixedCount(count), (stream) => {
        opened.push(stream);
        resolve(stream);
      }).catch(reject);
    });
    await trick(session, await HostileStream.create(proven, cipher));
  } catch {
    // The peer has ended the session.
  }
  for (const { conn } of opened) closeQuietly(conn);
}

async function prepare({ control }: Session, sends: boolean): Promise<void> {
  if (!sends) {
    while (!(await control.expect("sources")).last);
    control.send({ type: "ready" });
    return;
  }
  const source = { operand: 0, name: ".", kind: "folder", dev: 1, inode: 2 } as const;
  const found = { files: 1, bytes: 1, complete: true, last: true };
  control.send({ type: "sources", sources: [source], operands: 1, host: "hostile", ...found });
  await control.expect("ready");
}

async function leave(session: ClientSession | undefined, peer: PeerProcess): Promise<void> {
  session?.close();
  if (session) await session.control.close();
  await Promise.all([peer.stdin.close().catch(() => {}), peer.stdout.cancel().catch(() => {})]);
}

function peerOf({ toRemote, toClient }: Pipes): PeerProcess {
  const status = Promise.resolve({ success: false, code: 1, signal: null });
  const pipes = { stdin: toRemote.writable.getWriter(), stdout: toClient.readable.getReader() };
  const errors = () => Promise.resolve({ outOfMemory: false });
  return {
    ...{ name: "there", ...pipes, status, errors },
    kill: () => toClient.end(),
    end: () => status,
    timeToLoad: () => Promise.resolve(),
  } as unknown as PeerProcess;
}

async function endingOf(work: Promise<Outcome | void>): Promise<Ending> {
  try {
    return { outcome: await work };
  } catch (error) {
    return { error: error as Error };
  }
}

function optionsOf({ direction, from, to, engine }: Copying): CopyOptions {
  return {
    direction,
    sources: [{ path: `${from}/.`, literal: false }],
    globs: false,
    target: { path: to, others: 0, names: new ReservedNames().ofCopy() },
    ...{ fromInput: false, toOutput: false, peer: { program: "", args: [], name: "there" } },
    ...{ engine, threads: 0, cipher: "aes-128-gcm", streams: fixedCount(2), helloTimeoutMs: TIMEOUT_MS },
    request: {
      ...{ recursive: true, preserve: false, symlinks: "follow", hardlinks: false, xattrs: false, acls: false },
      ...{ sparse: false, direct: true, fsync: false, verify: false, bytesPerSecond: 0, compress: false },
      ...{ timeoutMs: TIMEOUT_MS, resume: true, filters: [] },
    },
    ...{ emit: () => {}, begun: () => {}, note: () => {}, unresumable: () => {} },
    signal: new AbortController().signal,
  };
}
