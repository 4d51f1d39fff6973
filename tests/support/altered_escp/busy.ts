/** escp whose main thread computes without end as soon as there is the file that BUSY_WHEN names; then there is FILE.busy. */

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
