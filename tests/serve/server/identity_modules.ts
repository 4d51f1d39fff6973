/** Program: reads or creates the identity of a server, then prints whether the library for certificates has run. */

import { Session } from "node:inspector/promises";
import { loadIdentity } from "../../../src/serve/server/identity_file.ts";

const session = new Session();
session.connect();
await session.post("Profiler.enable");
await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
await loadIdentity(Deno.args[0]);
const { result } = await session.post("Profiler.takePreciseCoverage") as { result: { url: string }[] };
console.log(result.some(({ url }) => /x509/.test(url)));
