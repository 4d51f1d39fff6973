/** escp that does not map owners in access control lists, like the version before it. */

import { main } from "../../../src/cli/main.ts";
import { FEATURES } from "../../../src/protocol/control/hello.ts";

(FEATURES as string[]).splice(FEATURES.indexOf("acl-owners"), 1);
Deno.exit(await main(Deno.args));
