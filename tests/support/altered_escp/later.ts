/** escp as it were so many days later as the first argument says: no test can make a file that was changed long ago. */

import { main } from "../../../src/cli/main.ts";

const [days, ...args] = Deno.args;
const now = Date.now;
Date.now = () => now() + Number(days) * 86_400_000;
Deno.exit(await main(args));
