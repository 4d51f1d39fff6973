/** The signals that ask a process to stop. */

import { Interrupted } from "../errors.ts";
import { openFilesLimit } from "../native/file/open_files_limit.ts";
import { blockInThisThread, unblockInThisThread } from "../native/process/signal_mask.ts";
import { ignoreAgain, ignoredOf, ignoreSignals, type KnownSignal } from "../native/process/signals.ts";
import { EXIT_STATUS } from "./exit_status.ts";
import type { FromStopWorker, ToStopWorker } from "./stop_worker.ts";
import { endLineOnce } from "./terminal_line.ts";

/**
 * Default time until the Worker starts that handles signals if the main thread is stuck. In milliseconds. By then a client still
 * waits for the login, and has not accessed a file.
 */
const GUARD_AFTER_MS = 100;
/** Minimum limit of open files. With a lower one the copy needs the descriptors of the Worker. */
const MIN_DESCRIPTORS = 128;

/** Returns the stop signals that a process can listen for on this system. */
export function stopSignalsOf(os: typeof Deno.build.os): Deno.Signal[] {
  return os === "windows" ? ["SIGINT", "SIGBREAK"] : ["SIGINT", "SIGTERM", "SIGHUP"];
}

/**
 * Listens until disposed. The first signal aborts; a second signal exits at once. Signals that were ignored when this process
 * started, for example by nohup(1), stay ignored. Ignores SIGXFSZ, so that writing beyond `ulimit -f` fails with EFBIG.
 *
 * @param options.hint Returns what is printed after "Interrupted".
 * @param options.guardAfterMs Time until signals end the process even if the main thread is stuck. In milliseconds. Default: 100.
 * @param options.mayContinue Whether the process may continue for any time after SIGTERM and SIGHUP. Default: false.
 * @param options.onHangUp Called after each SIGHUP, which then does not stop the process.
 */
export function stopSignals(
  { hint, guardAfterMs = GUARD_AFTER_MS, mayContinue, onHangUp }: {
    hint?: () => string | undefined;
    guardAfterMs?: number;
    mayContinue?: boolean;
    onHangUp?: () => void;
  } = {},
): Disposable & { signal: AbortSignal } {
  const stop = new StopSignals(hint, onHangUp);
  ignoreSignals(FILE_SIZE);
  stop.listen({ guardAfterMs, mayContinue });
  return stop;
}

/** If ignored, writing beyond the limit of the file size fails with EFBIG. */
export const FILE_SIZE: readonly KnownSignal[] = ["SIGXFSZ"];

/** Listens for signals after `listen`. Before that, they have their default dispositions. */
export class StopSignals implements Disposable {
  readonly #controller = new AbortController();
  readonly #hint: (() => string | undefined) | undefined;
  readonly #onHangUp: (() => void) | undefined;
  readonly #listeners = new Map<Deno.Signal, () => void>();
  /** State of the end of the line: both threads may handle the second signal. */
  readonly #line = new Int32Array(new SharedArrayBuffer(4));
  #timer: ReturnType<typeof setTimeout> | undefined;
  #worker: Worker | undefined;

  /** @param onHangUp Called after each SIGHUP, which then does not stop the process. */
  constructor(hint?: () => string | undefined, onHangUp?: () => void) {
    this.#hint = hint;
    this.#onHangUp = onHangUp;
  }

  /** Aborted by the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Calls `listen` after `ms` milliseconds. */
  listenAfter(ms: number, options: { guardAfterMs: number; parent?: number }): void {
    this.#timer = setTimeout(() => this.listen(options), ms);
  }

  /**
   * Installs the listeners, and later starts the Worker.
   *
   * @param options.guardAfterMs Time until signals end the process even if the main thread is stuck. In milliseconds.
   * @param options.parent Process whose exit ends this one.
   * @param options.mayContinue Whether the process may continue for any time after the first signal.
   */
  listen(
    { guardAfterMs, parent, mayContinue = false }: { guardAfterMs: number; parent?: number; mayContinue?: boolean },
  ): void {
    const all = stopSignalsOf(Deno.build.os);
    const ignored = ignoredOf(all);
    for (const signal of all.filter((signal) => !ignored.includes(signal))) {
      const onHangUp = signal === "SIGHUP" ? this.#onHangUp : undefined;
      const listener = onHangUp ?? (() => this.#stop(signal));
      this.#listeners.set(signal, listener);
      Deno.addSignalListener(signal, listener);
    }
    ignoreSignals(ignored as KnownSignal[]);
    const signals = [...this.#listeners.keys()].filter((signal) => !(signal === "SIGHUP" && this.#onHangUp));
    if (signals.length === 0 && parent === undefined) return;
    this.#timer = setTimeout(() => this.#guard({ signals, parent, mayContinue }), guardAfterMs);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    for (const [signal, listener] of this.#listeners) Deno.removeSignalListener(signal, listener);
    if (!this.#worker) return;
    this.#worker.terminate();
    unblockInThisThread([...this.#listeners.keys()] as KnownSignal[]);
  }

  #stop(signal: Deno.Signal): void {
    if (this.signal.aborted) {
      endLineOnce(this.#line);
      Deno.exit(EXIT_STATUS.interrupted);
    }
    const urgent = signal !== "SIGINT" && signal !== "SIGBREAK";
    this.#controller.abort(new Interrupted(this.#hint?.(), { urgent }));
  }

  #guard(watched: Pick<Extract<ToStopWorker, { type: "watch" }>, "signals" | "parent" | "mayContinue">): void {
    const { signals } = watched;
    if (openFilesLimit() < MIN_DESCRIPTORS) return;
    // No handler runs in a thread that is blocked in a system call.
    blockInThisThread(signals as KnownSignal[]);
    const worker = new Worker(new URL("./stop_worker.ts", import.meta.url), { type: "module" });
    const post = (message: ToStopWorker) => worker.postMessage(message);
    worker.onmessage = ({ data }: MessageEvent<FromStopWorker>) => {
      if (data === "listening") ignoreAgain();
      else post({ type: "alive" });
    };
    // Without the Worker only the main thread handles signals.
    worker.onerror = (event) => event.preventDefault();
    post({ type: "watch", ...watched, status: EXIT_STATUS.interrupted, line: this.#line });
    this.#worker = worker;
  }
}
