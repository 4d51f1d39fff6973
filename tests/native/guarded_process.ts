/** A process with a busy main thread, guarded by the pipe at the descriptor in its argument. */

import { guardHangup } from "../../src/native/process/hangup_guard.ts";

Deno.addSignalListener("SIGUSR2", () => {});
guardHangup(Number(Deno.args[0]), 1);
Deno.stdout.writeSync(new TextEncoder().encode("ready\n"));
for (;;);
