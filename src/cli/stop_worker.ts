/**
 * Entry of the Worker that handles signals if the main thread cannot, because it is busy or blocked in a system call. Then the
 * Worker exits the process.
 */

import { workerScope } from "../async/worker_scope.ts";
import { unblockInThisThread } from "../native/process/signal_mask.ts";
import { exitAtOnce, type KnownSignal } from "../native/process/signals.ts";
import { endLineOnce } from "./terminal_line.ts";

/** Main thread to Worker. */
export type ToStopWorker =
  /** First. */
  | {
    type: "watch";
    signals: Deno.Signal[];
    /** Exit status of the process. */
    status: number;
    /** Process whose exit ends the session. */
    parent?: number;
    /** Whether the process may continue for any time after the first signal. */
    mayContinue: boolean;
    /** State of the end of the line. */
    line: Int32Array<SharedArrayBuffer>;
  }
  /** Reply to "alive?": the main thread runs, and will exit. */
  | { type: "alive" };

/** Worker to main thread: signal listeners are installed, or a request for "alive". */
export type FromStopWorker = "listening" | "alive?";

/** Time from a signal to the question whether the main thread runs, which may block when it cleans up. In milliseconds. */
const ASK_MS = 1_000;
/** Time for the main thread to answer. In milliseconds. */
const STUCK_MS = 800;
/** Additional time for a main thread that answers to clean up. In milliseconds. */
const CLEAN_UP_MS = 3_000;
/** Time to exit normally after the session has ended. In milliseconds. */
const LEAVE_MS = 8_000;
/** Interval between checks of the parent process. In milliseconds. */
const PARENT_MS = 1_000;

const scope = workerScope<ToStopWorker, FromStopWorker>();
let requested = false;
let alive = false;

scope.onmessage = ({ data }) => {
  if (data.type === "alive") {
    alive = true;
    return;
  }
  const { signals, status, parent, mayContinue, line } = data;
  const leave = () => {
    if (requested) endLineOnce(line);
    exitAtOnce(status);
  };
  const stop = (signal: Deno.Signal) => {
    if (requested) return leave();
    requested = true;
    // After the first Ctrl-C the main thread may take its time: the user can press it again.
    if (mayContinue || signal === "SIGINT" || signal === "SIGBREAK") return;
    setTimeout(() => {
      scope.postMessage("alive?");
      setTimeout(() => alive ? setTimeout(leave, CLEAN_UP_MS) : leave(), STUCK_MS);
    }, ASK_MS);
  };
  unblockInThisThread(signals as KnownSignal[]);
  for (const signal of signals) {
    try {
      Deno.addSignalListener(signal, () => stop(signal));
    } catch {
      // The main thread handles a signal that this thread cannot listen for.
    }
  }
  if (parent !== undefined) {
    const timer = setInterval(() => {
      if (Deno.ppid === parent) return;
      clearInterval(timer);
      setTimeout(leave, LEAVE_MS);
    }, PARENT_MS);
  }
  scope.postMessage("listening");
};
