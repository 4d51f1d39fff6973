/** escp as it runs on another system; see support/other_system.ts. */

import "./simulate_system.ts";
import { main } from "../../../src/cli/main.ts";

Deno.exit(await main(Deno.args));
