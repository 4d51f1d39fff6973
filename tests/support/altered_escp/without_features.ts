/** escp without the optional features of the protocol, like an older version. */

import { main } from "../../../src/cli/main.ts";
import { FEATURES } from "../../../src/protocol/control/hello.ts";

(FEATURES as string[]).length = 0;
Deno.exit(await main(Deno.args));
