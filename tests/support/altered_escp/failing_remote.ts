/** escp whose remote ends exit before they send a hello. */

import { main } from "../../../src/cli/main.ts";

if (Deno.args.includes("--receiver")) {
  // A server may have started it before the login.
  await Deno.stdin.read(new Uint8Array(1));
  Deno.exit(3);
}
Deno.exit(await main(Deno.args));
