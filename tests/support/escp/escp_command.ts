/**
 * Runs escp in its own process, like a user. ESCP_BINARY names the compiled binary to run. Without it escp runs with the Deno
 * of the tests, from the bundle that ESCP_BUNDLE names or from source. The developer's settings do not reach it: HOME is an
 * empty directory, which also contains the state directory.
 */

import { fromFileUrl } from "@std/path";
import { quoteWord } from "../../../src/ssh/shell_quote.ts";
import { enter } from "../hosts/network.ts";
import { PrintedText } from "./printed_text.ts";
import { descendantsOf, killProcess, processesWithEnvironment, type ProcessId } from "../processes.ts";
import { writeWrapper } from "../shell_script.ts";
import { addStateHome } from "./state.ts";
import { createTempDirectory } from "../files/temp.ts";

const REPOSITORY: string = fromFileUrl(new URL("../../..", import.meta.url)).replace(/\/$/, "");
const CONFIG = `${REPOSITORY}/deno.json`;
const DENO_RUN: readonly string[] = [Deno.execPath(), "run", "--quiet", "--allow-all"];
const DEFAULT_TIMEOUT_MS = 60_000;

export interface EscpOptions {
  /** Variables to add; undefined removes a variable. */
  env?: Record<string, string | undefined>;
  cwd?: string;
  /** Program and first arguments to run instead of `escpCommand()`. */
  command?: readonly string[];
  /** Network namespace to run in; see network.ts. */
  namespace?: string;
  /** Contents of standard input. Default: /dev/null. "piped", for `startEscp` only, leaves it to the test. */
  stdin?: string | Uint8Array | "piped";
  /** Maximum duration. After it all processes of the run are killed and the run throws. Default: 60,000. */
  timeoutMs?: number;
}

export interface EscpResult {
  /** Exit status; 128 + signal number if a signal killed it. */
  code: number;
  signal: Deno.Signal | null;
  stdout: string;
  stdoutBytes: Uint8Array;
  stderr: string;
  /** Returns local processes of this run that still run. */
  leftBehind(): Promise<ProcessId[]>;
}

/** A run in progress. Disposing kills it with all its descendants. */
export interface RunningEscp extends AsyncDisposable {
  readonly pid: number;
  readonly child: Deno.ChildProcess;
  /** Output so far. */
  readonly printed: { readonly stdout: string; readonly stderr: string };
  /** Resolves when the process has exited and both pipes are closed; rejects after `timeoutMs`. */
  readonly result: Promise<EscpResult>;
  /** Resolves when the output matches; rejects if the process exits before. */
  waitForText(where: "stdout" | "stderr", pattern: RegExp): Promise<void>;
  kill(signal: Deno.Signal): void;
}

/** Returns the program and first arguments that run `escp`. */
export function escpCommand(): string[] {
  const binary = Deno.env.get("ESCP_BINARY");
  if (binary) return [binary];
  const bundle = Deno.env.get("ESCP_BUNDLE");
  if (bundle) return [...DENO_RUN, "--no-config", bundle];
  return [...DENO_RUN, "--config", CONFIG, `${REPOSITORY}/main.ts`];
}

/**
 * Returns the command that runs a program of altered_escp/ from source: an escp with a single difference. It also works with
 * the environment of a remote host.
 */
export function alteredEscp(program: string, ...args: string[]): string[] {
  const path = `${REPOSITORY}/tests/support/altered_escp/${program}`;
  const env = Object.entries(denoEnvironment()).map(([name, value]) => `${name}=${value}`);
  // The code cache would exceed the limit of limited_file_size.ts.
  const flags = ["--no-code-cache", "--no-check", "--config", CONFIG];
  return ["env", ...env, ...DENO_RUN, ...flags, path, ...args];
}

/** Makes the program at this path the escp that tests run, until disposed. */
export function useAsEscp(path: string): Disposable {
  const before = Deno.env.get("ESCP_BINARY");
  Deno.env.set("ESCP_BINARY", path);
  return {
    [Symbol.dispose]() {
      if (before === undefined) Deno.env.delete("ESCP_BINARY");
      else Deno.env.set("ESCP_BINARY", before);
    },
  };
}

/** Runs escp to its end. */
export async function runEscp(args: string[], options: EscpOptions = {}): Promise<EscpResult> {
  await using running = await startEscp(args, options);
  return await running.result;
}

/** Starts escp and returns at once, for tests that send signals or inspect the running copy. */
export async function startEscp(args: string[], options: EscpOptions = {}): Promise<RunningEscp> {
  const marker = `ESCP_TEST_RUN=${crypto.randomUUID()}`;
  const [program, ...first] = [...enter(options.namespace), ...(options.command ?? escpCommand())];
  const child = new Deno.Command(program, {
    args: [...first, ...args],
    cwd: options.cwd,
    clearEnv: true,
    env: await escpEnvironment({ ...options.env, ESCP_TEST_RUN: marker.slice(marker.indexOf("=") + 1) }),
    stdin: options.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();

  const stdout = new PrintedText(child.stdout);
  const stderr = new PrintedText(child.stderr);
  const input = options.stdin === undefined || options.stdin === "piped"
    ? Promise.resolve()
    : writeInput(child.stdin, options.stdin);

  async function killAll(): Promise<void> {
    const processes = [...await descendantsOf(child.pid), ...await processesWithEnvironment(marker)];
    for (const process of processes) killProcess(process);
    await child.status;
  }

  async function finish(): Promise<EscpResult> {
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      void killAll();
    }, timeoutMs);
    try {
      const [status] = await Promise.all([child.status, stdout.ended, stderr.ended, input]);
      if (late) {
        const printed = `stdout:\n${stdout.text}\nstderr:\n${stderr.text}`;
        throw new Error(`escp ${args.join(" ")} did not exit within ${timeoutMs} ms\n${printed}`);
      }
      const leftBehind = () => processesWithEnvironment(marker);
      const bytes = stdout.bytes();
      return { ...status, stdout: stdout.text, stdoutBytes: bytes, stderr: stderr.text, leftBehind };
    } finally {
      clearTimeout(timer);
    }
  }

  const result = finish();
  // A test that fails before it reads the result must not end the test run with an unhandled rejection.
  result.catch(() => {});
  return {
    pid: child.pid,
    child,
    result,
    printed: {
      get stdout() {
        return stdout.text;
      },
      get stderr() {
        return stderr.text;
      },
    },
    waitForText: (where, pattern) => (where === "stdout" ? stdout : stderr).waitFor(pattern),
    kill: (signal) => child.kill(signal),
    async [Symbol.asyncDispose]() {
      if (options.stdin === "piped") await child.stdin.close().catch(() => {});
      await killAll();
      await result.catch(() => {});
    },
  };
}

/** Settings of a wrapper script of escp. */
export interface WrapperOptions {
  /** Value of ESCP_ENGINE. Default: that of the test run, if any. */
  engine?: string;
  env?: Record<string, string>;
  /** Working directory. Default: that of the caller. */
  cwd?: string;
}

/** Writes an executable `escp` into a directory, for the PATH of a remote host, and returns its path. */
export async function writeEscpWrapper(directory: string, options: WrapperOptions = {}): Promise<string> {
  const engine = options.engine ?? Deno.env.get("ESCP_ENGINE");
  const env: Record<string, string> = { ...denoEnvironment(), NO_COLOR: "1", ...options.env };
  if (engine) env.ESCP_ENGINE = engine;
  const exports = Object.entries(env).map(([name, value]) => `export ${name}=${quoteWord(value)}`);
  const cd = options.cwd ? [`cd ${quoteWord(options.cwd)} || exit 1`] : [];
  return await writeWrapper(`${directory}/escp`, escpCommand(), ...exports, ...cd);
}

/** Returns the environment of programs that the tests start. */
export async function escpEnvironment(added: Record<string, string | undefined>): Promise<Record<string, string>> {
  const env: Record<string, string | undefined> = Deno.env.toObject();
  for (const name of Object.keys(env)) {
    const own = name.startsWith("XDG_") || (name.startsWith("ESCP_") && name !== "ESCP_ENGINE");
    if (own || name === "SSH_AUTH_SOCK") delete env[name];
  }
  const merged = { ...env, HOME: await emptyHome(), ...denoEnvironment(), NO_COLOR: "1", ...added };
  return Object.fromEntries(
    Object.entries(merged).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

let home: Promise<string> | undefined;

function emptyHome(): Promise<string> {
  home ??= (async () => {
    const { path } = await createTempDirectory();
    addStateHome(path);
    globalThis.addEventListener("unload", () => Deno.removeSync(path, { recursive: true }));
    return path;
  })();
  return home;
}

let cacheDirectory: string | undefined;

/** Returns the variables that Deno needs to find modules. By default its cache is in the HOME that the tests replace. */
function denoEnvironment(): Record<string, string> {
  cacheDirectory ??= Deno.env.get("DENO_DIR") ?? readDenoDir();
  const store = Deno.env.get("DENO_TLS_CA_STORE");
  return { DENO_DIR: cacheDirectory, ...(store ? { DENO_TLS_CA_STORE: store } : {}) };
}

function readDenoDir(): string {
  const { stdout } = new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).outputSync();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}

async function writeInput(stdin: WritableStream<Uint8Array>, content: string | Uint8Array): Promise<void> {
  const writer = stdin.getWriter();
  try {
    await writer.write(typeof content === "string" ? new TextEncoder().encode(content) : content);
    await writer.close();
  } catch {
    // The process exited without reading everything; its exit status is what counts.
  }
}
