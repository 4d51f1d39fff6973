/** Program: runs the command line of its arguments, then prints the URLs of the modules that have run, as JSON. */

import { Session } from "node:inspector/promises";

const session = new Session();
session.connect();
await session.post("Profiler.enable");
await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
// Modules that were loaded earlier would not be measured.
const { main } = await import("../../../src/cli/main.ts");
const code = await main(Deno.args);
const { result } = await session.post("Profiler.takePreciseCoverage") as { result: { url: string }[] };
console.log(JSON.stringify(result.map(({ url }) => url).filter((url) => url.startsWith("file:"))));
Deno.exit(code);
