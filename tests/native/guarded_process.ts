/** A process that is guarded by the pipe at the descriptor that the argument names, and whose main thread never rests. */

import { guardHangup } from "../../src/native/process/hangup_guard.ts";

Deno.addSignalListener("SIGUSR2", () => {});
guardHangup(Number(Deno.args[0]), 1);
Deno.stdout.writeSync(new TextEncoder().encode("ready\n"));
for (;;);
