/** escp with a clock that is ahead by a number of days, the first argument. Tests cannot set the ctime of a file back. */

import { main } from "../../../src/cli/main.ts";

const [days, ...args] = Deno.args;
const now = Date.now;
Date.now = () => now() + Number(days) * 86_400_000;
Deno.exit(await main(args));
