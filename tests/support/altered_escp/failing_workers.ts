/** escp whose Workers fail; see failing_worker.ts. */

import { main } from "../../../src/cli/main.ts";

const RealWorker = globalThis.Worker;
globalThis.Worker = class extends RealWorker {
  constructor(_: string | URL, options?: WorkerOptions) {
    super(new URL("./failing_worker.ts", import.meta.url), options);
  }
};
Deno.exit(await main(Deno.args));
