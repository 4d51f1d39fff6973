/** An ssh session with the installation script. */

import { abortable } from "../async/abortable.ts";
import { ProtocolError, StartError } from "../errors.ts";
import { LineDecoder } from "../protocol/control/line_decoder.ts";
import { MAX_LINE_BYTES, MAX_NOISE_BYTES } from "../protocol/limits.ts";
import { type PeerCommand, PeerProcess } from "../session/model/peer_process.ts";
import { noLogin } from "../session/model/start_errors.ts";
import type { Executable } from "./executables.ts";
import { SCRIPT_MARK } from "./install_script.ts";
import { installFailure } from "./install_failure.ts";
import type { HostFacts } from "./system.ts";

/** Facts that the script has found. The texts must be escaped for a terminal. */
export interface InstallFacts extends HostFacts {
  /** Whether the host has gzip. */
  gzip: boolean;
  /** Directory of the installation. */
  directory: string;
  /** The installed program: its SHA-256, unless the host cannot compute it. */
  installed?: { sum?: string };
  /** Versions in the user's cache directory. */
  versions: string[];
}

/** Maximum times between messages of the host. In milliseconds. */
export interface Patience {
  /** During the login. Undefined if a user may be typing a password. */
  loginMs?: number;
  /** After the login. */
  timeoutMs: number;
}

/** Purpose of a session. */
type Task = "install" | "remove";

/** Options of a session. */
export interface InstallSessionOptions {
  /** ssh with `sh` as the remote command. */
  command: PeerCommand;
  patience: Patience;
  /** Ends the session early; its reason is thrown. */
  signal: AbortSignal;
}

/** Runs work with a session, and ends the session. @throws the error of the work, or the reason of the signal. */
export async function withInstallSession<T>(
  task: Task,
  { command, patience, signal }: InstallSessionOptions,
  work: (session: InstallSession) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  await using session = new InstallSession(command, patience, task);
  const stop = () => session.abandon();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await abortable(work(session), signal);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** A session. Disposing ends it in any state. */
export class InstallSession implements AsyncDisposable {
  readonly #peer: PeerProcess;
  readonly #patience: Patience;
  readonly #task: Task;
  /** Versions and programs that the host has removed. */
  readonly removed: string[] = [];
  readonly #lines = new LineDecoder(MAX_LINE_BYTES);
  readonly #ready: string[] = [];
  #bytes = 0;
  /** Whether the script has printed a line: the login succeeded. */
  #begun = false;
  #silent = false;

  /** @param command ssh with `sh` as the remote command. */
  constructor(command: PeerCommand, patience: Patience, task: Task) {
    this.#peer = new PeerProcess(command);
    this.#patience = patience;
    this.#task = task;
  }

  /** Starts the script, and returns the facts that it has found. @throws {StartError} */
  async begin(script: string): Promise<InstallFacts> {
    await this.#write(new TextEncoder().encode(script), this.#patience.loginMs);
    const facts: InstallFacts = { kernel: "", machine: "", libc: "", gzip: false, directory: "", versions: [] };
    for (;;) {
      const [word, text] = await this.#next(this.#patience.loginMs);
      if (word === "ready") return facts;
      if (word === "system") [facts.kernel, facts.machine = ""] = text.split(" ");
      else if (word === "libc") facts.libc = text;
      else if (word === "gzip") facts.gzip = true;
      else if (word === "directory") facts.directory = text;
      else if (word === "version") facts.versions.push(text);
      else if (word === "has") {
        facts.installed = { sum: text === "-" ? undefined : text };
      }
    }
  }

  /** Runs the installed program with `--version` and returns its output. @throws {StartError} */
  async version(): Promise<string> {
    await this.#write(new TextEncoder().encode("version\n"), this.#patience.timeoutMs);
    return await this.#expect("version");
  }

  /**
   * Sends the executable.
   *
   * @param options.sent called with the number of bytes sent so far.
   * @returns its path on the host.
   * @throws {StartError}
   */
  async send(
    { contents, sum }: Executable,
    { gzip, sent }: { gzip: boolean; sent: (bytes: number) => void },
  ): Promise<string> {
    const { timeoutMs } = this.#patience;
    const line = `install ${contents.length} ${sum} ${gzip ? "gzip" : "plain"}\n`;
    await this.#write(new TextEncoder().encode(line), timeoutMs);
    await this.#expect("send");
    let length = 0;
    const plain = new Blob([contents]).stream().pipeThrough(
      new TransformStream({
        transform(piece, controller) {
          sent(length += piece.length);
          controller.enqueue(piece);
        },
      }),
    );
    for await (const piece of gzip ? plain.pipeThrough(new CompressionStream("gzip")) : plain) {
      // A script that stops reading has printed the reason.
      if (!await this.#write(piece, timeoutMs)) break;
    }
    await this.#peer.stdin.close().catch(() => {});
    return await this.#expect("done");
  }

  /** Marks installed versions, which are removed after success. */
  async markOld(versions: readonly string[]): Promise<void> {
    await this.#write(
      new TextEncoder().encode(versions.map((name) => `old ${name}\n`).join("")),
      this.#patience.timeoutMs,
    );
  }

  /** Removes the marked versions, without installing one. @throws {StartError} */
  async finish(): Promise<void> {
    await this.#write(new TextEncoder().encode("finish\n"), this.#patience.timeoutMs);
    await this.#expect("done");
  }

  /** Runs a script that only removes programs. @returns the removed versions and paths. @throws {StartError} */
  async remove(script: string): Promise<string[]> {
    await this.#write(new TextEncoder().encode(script), this.#patience.loginMs);
    for (;;) {
      const [word] = await this.#next(this.#patience.loginMs);
      if (word === "done") return this.removed;
    }
  }

  /** Ends the session immediately. The script removes its unfinished file when its input ends. */
  abandon(): void {
    this.#peer.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Neither resolves before a pending write, which may wait for the host.
    this.#peer.stdin.abort().catch(() => {});
    this.#peer.stdout.cancel().catch(() => {});
    await this.#peer.end(EXIT_MS);
  }

  async #expect(expected: string): Promise<string> {
    const [word, text] = await this.#next(this.#patience.timeoutMs);
    if (word === expected) return text;
    throw this.#error(`unexpected answer "${word}" instead of "${expected}"`);
  }

  /** Returns the next line of the script. */
  async #next(patienceMs: number | undefined): Promise<[word: string, text: string]> {
    while (this.#ready.length === 0) await this.#read(patienceMs);
    const line = this.#ready.shift()!;
    const space = line.indexOf(" ");
    const [word, text] = space < 0 ? [line, ""] : [line.slice(0, space), line.slice(space + 1).trimEnd()];
    if (word === "failed") throw installFailure(this.#peer.name, text, this.#task);
    if (word === "removed") {
      this.removed.push(text);
      return await this.#next(patienceMs);
    }
    return [word, text];
  }

  async #read(patienceMs: number | undefined): Promise<void> {
    const { value, done } = await this.#within(patienceMs, () => this.#peer.stdout.read());
    if (done) return await this.#ended();
    this.#bytes += value.length;
    if (this.#bytes > MAX_NOISE_BYTES) throw this.#error("a login script there prints too much");
    try {
      for (const line of this.#lines.push(value)) {
        if (!line.startsWith(SCRIPT_MARK)) continue;
        this.#begun = true;
        this.#ready.push(line.slice(SCRIPT_MARK.length));
      }
    } catch (cause) {
      if (!(cause instanceof ProtocolError)) throw cause;
      throw this.#error(cause.message, { cause });
    }
  }

  /** Throws the reason why the script has ended. */
  async #ended(): Promise<never> {
    const { code, signal } = await this.#peer.end(EXIT_MS);
    if (this.#silent) {
      throw this.#error("no answer within the timeout", { hint: "Use --timeout to wait longer" });
    }
    if (code === 255 && !this.#begun) throw noLogin(this.#peer.name, undefined);
    const how = signal ? `signal ${signal}` : `status ${code}`;
    if (this.#begun) throw this.#error(`the connection was lost, or a signal killed sh (${how})`);
    throw this.#error(`sh does not run a script there (it ended with ${how})`, {
      hint: "Install escp on that host manually, and name its path with -D PATH",
    });
  }

  /** Returns false if the host has closed its input. */
  async #write(bytes: Uint8Array, patienceMs: number | undefined): Promise<boolean> {
    try {
      await this.#within(patienceMs, () => this.#peer.stdin.write(bytes));
      return true;
    } catch {
      return false;
    }
  }

  /** Runs work that needs the host. If the host is silent for too long, ends ssh, which closes the pipes. */
  async #within<T>(patienceMs: number | undefined, work: () => Promise<T>): Promise<T> {
    if (patienceMs === undefined) return await work();
    const timer = setTimeout(() => {
      this.#silent = true;
      this.#peer.kill();
    }, patienceMs);
    try {
      return await work();
    } finally {
      clearTimeout(timer);
    }
  }

  #error(reason: string, options: { hint?: string; cause?: unknown } = {}): StartError {
    return new StartError(`Cannot ${this.#task} escp on ${this.#peer.name}: ${reason}`, options);
  }
}

/** Maximum time for ssh to exit. In milliseconds. */
const EXIT_MS = 2_000;
