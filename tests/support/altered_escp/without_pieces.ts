/** escp without files in pieces, like the version before it. */

import { main } from "../../../src/cli/main.ts";
import { FEATURES } from "../../../src/protocol/control/hello.ts";

(FEATURES as string[]).splice(FEATURES.indexOf("pieces"), 1);
Deno.exit(await main(Deno.args));
