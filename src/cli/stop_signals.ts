/** The signals that ask a process to stop. */

import { EXIT_STATUS, Interrupted } from "./exit_status.ts";

/** Those that a system has and that a process may listen to. */
export function stopSignalsOf(os: typeof Deno.build.os): Deno.Signal[] {
  return os === "windows" ? ["SIGINT", "SIGBREAK"] : ["SIGINT", "SIGTERM", "SIGHUP"];
}

/**
 * Listens until disposed. The first signal asks to stop; a second SIGINT leaves at once.
 *
 * @param hint returns what the user is told then.
 */
export function stopSignals(hint: () => string | undefined = () => undefined): Disposable & { signal: AbortSignal } {
  const controller = new AbortController();
  const listener = () => {
    if (controller.signal.aborted) Deno.exit(EXIT_STATUS.interrupted);
    controller.abort(new Interrupted(hint()));
  };
  const signals = stopSignalsOf(Deno.build.os);
  for (const signal of signals) Deno.addSignalListener(signal, listener);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const signal of signals) Deno.removeSignalListener(signal, listener);
    },
  };
}
