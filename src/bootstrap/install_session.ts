/** The conversation with the script that puts escp onto a host, over one ssh session. */

import { ProtocolError, StartError } from "../errors.ts";
import { LineDecoder } from "../protocol/control/line_decoder.ts";
import { MAX_LINE_BYTES, MAX_NOISE_BYTES } from "../protocol/limits.ts";
import { type PeerCommand, PeerProcess } from "../session/model/peer_process.ts";
import type { Executable } from "./executables.ts";
import { SCRIPT_MARK } from "./install_script.ts";
import { installFailure } from "./install_failure.ts";
import type { HostFacts } from "./system.ts";

/** What the script has found. Nothing of it is safe for a terminal. */
export interface InstallFacts extends HostFacts {
  /** There is a gzip. */
  gzip: boolean;
  /** Where escp goes, or is. */
  directory: string;
  /** The program that is installed already: its SHA-256, unless the host cannot compute it. */
  there?: { sum?: string };
}

/** How long the other side may be silent, in milliseconds. */
export interface Patience {
  /** During the login; undefined where somebody may be typing a password. */
  loginMs?: number;
  /** After it. */
  timeoutMs: number;
}

/** One session. Disposing ends it, wherever it is. */
export class InstallSession implements AsyncDisposable {
  readonly #peer: PeerProcess;
  readonly #patience: Patience;
  readonly #lines = new LineDecoder(MAX_LINE_BYTES);
  readonly #ready: string[] = [];
  #bytes = 0;
  #silent = false;

  /** @param command ssh with `sh` as the remote command. */
  constructor(command: PeerCommand, patience: Patience) {
    this.#peer = new PeerProcess(command);
    this.#patience = patience;
  }

  /** Starts the script and hears what it finds. @throws {StartError} */
  async begin(script: string): Promise<InstallFacts> {
    await this.#write(new TextEncoder().encode(script), this.#patience.loginMs);
    const facts: InstallFacts = { kernel: "", machine: "", libc: "", gzip: false, directory: "" };
    for (;;) {
      const [word, text] = await this.#next(this.#patience.loginMs);
      if (word === "ready") return facts;
      if (word === "system") [facts.kernel, facts.machine = ""] = text.split(" ");
      else if (word === "libc") facts.libc = text;
      else if (word === "gzip") facts.gzip = true;
      else if (word === "directory") facts.directory = text;
      else if (word === "has") {
        facts.there = { sum: text === "-" ? undefined : text };
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
   * @param options.sent hears how many bytes of it are on their way.
   * @returns its path there, and how many bytes went to ssh.
   * @throws {StartError}
   */
  async send(
    { contents, sum }: Executable,
    { gzip, sent }: { gzip: boolean; sent: (bytes: number) => void },
  ): Promise<{ path: string; bytes: number }> {
    const { timeoutMs } = this.#patience;
    const line = `install ${contents.length} ${sum} ${gzip ? "gzip" : "plain"}\n`;
    await this.#write(new TextEncoder().encode(line), timeoutMs);
    await this.#expect("send");
    let taken = 0;
    const plain = new Blob([contents]).stream().pipeThrough(
      new TransformStream({
        transform(piece, controller) {
          sent(taken += piece.length);
          controller.enqueue(piece);
        },
      }),
    );
    let bytes = 0;
    for await (const piece of gzip ? plain.pipeThrough(new CompressionStream("gzip")) : plain) {
      // Whoever does not take it any more says why.
      if (!await this.#write(piece, timeoutMs)) break;
      bytes += piece.length;
    }
    await this.#peer.stdin.close().catch(() => {});
    return { path: await this.#expect("done"), bytes };
  }

  /** Ends it at once: the script removes what it left unfinished when its input ends. */
  abandon(): void {
    this.#peer.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Neither resolves before a write that is under way, and that one may wait for the other side.
    this.#peer.stdin.abort().catch(() => {});
    this.#peer.stdout.cancel().catch(() => {});
    await this.#peer.end(GOODBYE_MS);
  }

  async #expect(wanted: string): Promise<string> {
    const [word, text] = await this.#next(this.#patience.timeoutMs);
    if (word === wanted) return text;
    throw this.#error(`it said "${word}" in the place of "${wanted}"`);
  }

  /** The next line of the script. */
  async #next(patienceMs: number | undefined): Promise<[word: string, text: string]> {
    while (this.#ready.length === 0) await this.#read(patienceMs);
    const line = this.#ready.shift()!;
    const space = line.indexOf(" ");
    const [word, text] = space < 0 ? [line, ""] : [line.slice(0, space), line.slice(space + 1).trimEnd()];
    if (word === "failed") throw installFailure(this.#peer.name, text);
    return [word, text];
  }

  async #read(patienceMs: number | undefined): Promise<void> {
    const { value, done } = await this.#within(patienceMs, () => this.#peer.stdout.read());
    if (done) return await this.#ended();
    this.#bytes += value.length;
    if (this.#bytes > MAX_NOISE_BYTES) throw this.#error("a login script there prints without end");
    try {
      for (const line of this.#lines.push(value)) {
        if (line.startsWith(SCRIPT_MARK)) this.#ready.push(line.slice(SCRIPT_MARK.length));
      }
    } catch (cause) {
      if (!(cause instanceof ProtocolError)) throw cause;
      throw this.#error(cause.message, { cause });
    }
  }

  /** Why the script has no more to say. */
  async #ended(): Promise<never> {
    const { code, signal } = await this.#peer.end(GOODBYE_MS);
    const { name } = this.#peer;
    if (this.#silent) {
      throw this.#error("nothing was heard of it for too long", { hint: "Give it more time with --timeout" });
    }
    if (code === 255) throw new StartError(`Cannot log in to ${name}: ssh ended with status 255, its message is above`);
    const how = signal ? `signal ${signal}` : `status ${code}`;
    throw this.#error(`there is no sh that runs a script (it ended with ${how})`, {
      hint: "Install escp there by hand, and name its place with -D PATH",
    });
  }

  /** @returns false when the other side takes nothing any more. */
  async #write(bytes: Uint8Array, patienceMs: number | undefined): Promise<boolean> {
    try {
      await this.#within(patienceMs, () => this.#peer.stdin.write(bytes));
      return true;
    } catch {
      return false;
    }
  }

  /** A peer that is silent for too long is ended, which ends its pipes. */
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

  #error(state: string, options: { hint?: string; cause?: unknown } = {}): StartError {
    return new StartError(`Cannot put escp on ${this.#peer.name}: ${state}`, options);
  }
}

/** How long ssh may take to leave. */
const GOODBYE_MS = 2_000;
