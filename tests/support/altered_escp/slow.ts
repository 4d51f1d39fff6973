/** escp for which a second passes whenever it reads the clock, as on a very busy machine. */

import { main } from "../../../src/cli/main.ts";

const now = Date.now;
let reads = 0;
Date.now = () => now() + 1_000 * reads++;
Deno.exit(await main(Deno.args));
