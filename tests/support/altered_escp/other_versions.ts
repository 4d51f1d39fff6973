/** escp as it were if it spoke the versions of the protocol that the first argument lists, and knew a feature more. */

import { main } from "../../../src/cli/main.ts";
import { FEATURES, VERSIONS } from "../../../src/protocol/control/hello.ts";

const [versions, ...args] = Deno.args;
(VERSIONS as number[]).splice(0, VERSIONS.length, ...JSON.parse(versions));
(FEATURES as string[]).push(`feature of ${versions}`);
Deno.exit(await main(args));
