/** escp with other protocol versions, which the first argument lists as JSON, and one more feature. */

import { main } from "../../../src/cli/main.ts";
import { FEATURES, VERSIONS } from "../../../src/protocol/control/hello.ts";

const [versions, ...args] = Deno.args;
(VERSIONS as number[]).splice(0, VERSIONS.length, ...JSON.parse(versions));
(FEATURES as string[]).push(`feature of ${versions}`);
Deno.exit(await main(args));
