/** escp on a simulated system; see simulate_system.ts. */

import "./simulate_system.ts";
import { main } from "../../../src/cli/main.ts";

Deno.exit(await main(Deno.args));
