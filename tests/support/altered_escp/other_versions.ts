/** escp with other protocol versions, which the first argument lists as JSON, and one more feature. So are its children. */

import { main } from "../../../src/cli/main.ts";
import { FEATURES, VERSIONS } from "../../../src/protocol/control/hello.ts";

const VARIABLE = "ESCP_TEST_VERSIONS";
const isNamed = Deno.args[0]?.startsWith("[");
const [versions, ...args] = isNamed ? Deno.args : [Deno.env.get(VARIABLE)!, ...Deno.args];
Deno.env.set(VARIABLE, versions);
(VERSIONS as number[]).splice(0, VERSIONS.length, ...JSON.parse(versions));
(FEATURES as string[]).push(`feature of ${versions}`);
Deno.exit(await main(args));
