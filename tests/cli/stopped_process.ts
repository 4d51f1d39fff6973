/**
 * A process whose main thread never rests: from the first signal on ("cleanup"), or from the start on ("parent"); then it
 * exits after the process that has started it.
 */

import { StopSignals } from "../../src/cli/stop_signals.ts";

const stop = new StopSignals();
const ready = () => Deno.stdout.writeSync(new TextEncoder().encode(`${Deno.pid}\n`));
if (Deno.args[0] === "cleanup") {
  // Time to answer questions of the Worker.
  stop.signal.addEventListener("abort", () =>
    setTimeout(() => {
      for (;;);
    }, 300));
  stop.listen({ guardAfterMs: 0 });
  setTimeout(ready, 1_000);
} else {
  stop.listen({ guardAfterMs: 0, parent: Deno.ppid });
  setTimeout(() => {
    ready();
    for (;;);
  }, 1_000);
}
