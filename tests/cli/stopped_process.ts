/** A process that ends after the one that has started it, and whose main thread never rests. */

import { StopSignals } from "../../src/cli/stop_signals.ts";

const stop = new StopSignals();
stop.listen({ guardAfterMs: 0, parent: Deno.ppid });
setTimeout(() => {
  Deno.stdout.writeSync(new TextEncoder().encode(`${Deno.pid}\n`));
  for (;;);
}, 1_000);
