/** escp as it were if it knew no optional part of the protocol. */

import { main } from "../../../src/cli/main.ts";
import { FEATURES } from "../../../src/protocol/control/hello.ts";

(FEATURES as string[]).length = 0;
Deno.exit(await main(Deno.args));
