/**
 * Copies a directory to a host, and again after each change, until Ctrl-C.
 *
 *     deno run --allow-all watch.ts DIR HOST:DIR
 */

import { copy, UserError } from "@escp/escp";

const [directory, target] = Deno.args;
/** Time without further changes before a copy starts. In milliseconds. */
const QUIET_MS = 100;

const stop = new AbortController();
Deno.addSignalListener("SIGINT", () => stop.abort());
// Before the first copy, so that no change is missed.
const watcher = Deno.watchFs(directory);
stop.signal.addEventListener("abort", () => watcher.close());

async function copyChanges(): Promise<void> {
  try {
    const options = { recursive: true, update: true, mkpath: true, signal: stop.signal };
    const { files } = await copy(`${directory}/.`, target, options);
    console.log(`copied files: ${files}`);
  } catch (error) {
    if (stop.signal.aborted) return;
    if (!(error instanceof UserError)) throw error;
    // The next change starts another attempt.
    console.error(error.message);
  }
}

await copyChanges();
let timer: ReturnType<typeof setTimeout> | undefined;
let copying: Promise<void> = Promise.resolve();
for await (const { kind } of watcher) {
  // Reading files for a copy is not a change.
  if (kind === "access") continue;
  clearTimeout(timer);
  timer = setTimeout(() => copying = copying.then(copyChanges), QUIET_MS);
}
clearTimeout(timer);
await copying;
