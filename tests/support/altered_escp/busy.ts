/** escp whose main thread enters an endless loop when the file BUSY_WHEN appears. Then it writes its PID to FILE.busy. */

import { main } from "../../../src/cli/main.ts";

const file = Deno.env.get("BUSY_WHEN")!;
setInterval(() => {
  try {
    Deno.statSync(file);
  } catch {
    return;
  }
  Deno.writeTextFileSync(`${file}.busy`, `${Deno.pid}`);
  for (;;);
}, 5);
Deno.exit(await main(Deno.args));
