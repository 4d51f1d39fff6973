/** The entry of escp: reads the command line, does what it says, and exits with the status that tells the truth. */

import { main } from "./src/cli/main.ts";

Deno.exit(await main(Deno.args));
