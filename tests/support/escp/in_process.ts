/**
 * Runs escp in the process of the test: the command line, both ends of a session, its control channel in memory and its
 * streams over loopback. Starts no program, so a small copy takes milliseconds. It lacks ssh, processes, signals, threads,
 * and the options of the remote command line.
 */

import { stub } from "@std/testing/mock";
import { main } from "../../../src/cli/main.ts";
import type { EngineChoice } from "../../../src/crypto/engines.ts";
import { concat } from "@std/bytes/concat";
import { type RemoteEndOptions, serve } from "../../../src/transfer/remote/end.ts";
import { startRemoteEnd } from "../../../src/library/local_peer.ts";
import { replaceEnvironment } from "./environment.ts";
import { escpEnvironment, type EscpResult } from "./escp_command.ts";
import { withDeadline } from "../../../src/async/settle_within.ts";

/** Maximum duration of a run. */
const DEADLINE_MS = 60_000;
/** The remote end finds its address as if ssh had started it. */
const AS_OVER_SSH = { SSH_CONNECTION: "127.0.0.1 1 127.0.0.1 22" };

/** Run in progress: it has the output and the environment of this process. */
let last: Promise<unknown> = Promise.resolve();

/** Settings of a run. */
export interface InProcessOptions {
  /** Engine of the remote end. */
  engine: EngineChoice;
  /** HOME of both ends. Default: that of programs that the tests start. */
  home?: string;
}

/** Runs escp to its end, after earlier runs. */
export async function runInProcess(args: string[], options: InProcessOptions): Promise<EscpResult> {
  const run = last.catch(() => {}).then(() => runAlone(args, options));
  last = run;
  return await run;
}

async function runAlone(args: string[], { engine, home }: InProcessOptions): Promise<EscpResult> {
  using stdout = capture(Deno.stdout);
  using stderr = capture(Deno.stderr);
  using _environment = replaceEnvironment(await escpEnvironment({ ...(home && { HOME: home }), ...AS_OVER_SSH }));
  const remoteEnds: Promise<unknown>[] = [];
  using _command = replaceCommand((isLocal) => {
    const end = startRemoteEndAsChild(engine, isLocal);
    remoteEnds.push(end.status);
    return end;
  });
  const code = await withDeadline(DEADLINE_MS, main(args), () => new Error(`escp ${args.join(" ")} does not end`));
  await Promise.all(remoteEnds);
  return {
    code,
    signal: null,
    stdout: stdout.text(),
    stdoutBytes: stdout.bytes(),
    stderr: stderr.text(),
    leftBehind: () => Promise.reject(new Error("A copy in the process of the tests has no processes of its own")),
  };
}

/** Serves one session without threads, logs and limits. @throws as `serve`. */
export function serveInProcess(
  options: Pick<RemoteEndOptions, "engine" | "local" | "input" | "output" | "signal">,
): Promise<void> {
  return serve({
    ...{ ...options, threads: 0, software: "test", limits: {} },
    ...{ awaiting: () => {}, begun: () => Promise.resolve(), emit: () => {}, note: () => {} },
  });
}

/** The remote end in place of a child process. */
function startRemoteEndAsChild(engine: EngineChoice, isLocal: boolean): Deno.ChildProcess {
  return { pid: Deno.pid, ...startRemoteEnd({ engine, threads: 0, local: isLocal }) } as Deno.ChildProcess;
}

/** Replaces child processes of escp, until disposed. */
function replaceCommand(start: (isLocal: boolean) => Deno.ChildProcess): Disposable {
  const replaced = Deno.Command;
  Deno.Command = class {
    readonly #args: readonly string[];

    constructor(program: string | URL, { args = [] }: Deno.CommandOptions = {}) {
      if (args.includes("-G")) throw new Error(`Cannot start ${program}: this copy must start no program`);
      this.#args = args;
    }

    spawn(): Deno.ChildProcess {
      return start(this.#args.includes("--local-peer"));
    }
  } as unknown as typeof Deno.Command;
  return { [Symbol.dispose]: () => Deno.Command = replaced };
}

/** Collects what is written synchronously, until disposed. */
function capture(stream: { writeSync(bytes: Uint8Array): number }) {
  const chunks: Uint8Array[] = [];
  const writing = stub(stream, "writeSync", (bytes: Uint8Array) => {
    chunks.push(bytes.slice());
    return bytes.length;
  });
  const bytes = () => concat(chunks);
  return { bytes, text: () => new TextDecoder().decode(bytes()), [Symbol.dispose]: () => writing.restore() };
}
