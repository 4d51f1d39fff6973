/** escp without the feature "probe", like an older version. */

import { main } from "../../../src/cli/main.ts";
import { FEATURES } from "../../../src/protocol/control/hello.ts";

(FEATURES as string[]).splice(FEATURES.indexOf("probe"), 1);
Deno.exit(await main(Deno.args));
