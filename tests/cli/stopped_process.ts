/**
 * A process whose main thread never rests: from the first signal on ("cleanup"), or from the start on ("parent"); then it
 * exits after the process that has started it.
 */

import { StopSignals } from "../../src/cli/stop_signals.ts";

/** Called when the Worker that handles signals has installed its listeners. */
let ready: () => void;
const RealWorker = globalThis.Worker;
globalThis.Worker = class extends RealWorker {
  constructor(url: string | URL, options?: WorkerOptions) {
    super(url, options);
    this.addEventListener("message", ({ data }) => data === "listening" && setTimeout(ready));
  }
};
const stop = new StopSignals();
const report = () => Deno.stdout.writeSync(new TextEncoder().encode(`${Deno.pid}\n`));
if (Deno.args[0] === "cleanup") {
  // Time to answer questions of the Worker.
  stop.signal.addEventListener("abort", () =>
    setTimeout(() => {
      for (;;);
    }, 300));
  ready = report;
  stop.listen({ guardAfterMs: 0 });
} else {
  ready = () => {
    report();
    for (;;);
  };
  stop.listen({ guardAfterMs: 0, parent: Deno.ppid });
}
