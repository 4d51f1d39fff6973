/**
 * Backs up directories to a host, and shows the progress on the terminal. Files that have not changed are skipped.
 *
 *     deno run --allow-all backup.ts DIR... HOST:DIR
 */

import { copy, IncompleteError, UserError } from "@escp/escp";

const sources = Deno.args.slice(0, -1);
const target = Deno.args.at(-1) ?? "";

function show(line: string): void {
  if (Deno.stderr.isTerminal()) Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${line}`));
}

const run = copy(sources, target, { archive: true, update: true, mkpath: true, exclude: [".cache/", "*.tmp"] });
try {
  for await (const event of run) {
    if (event.type === "progress") {
      const percent = event.totalBytes === 0 ? 100 : Math.floor(100 * event.bytes / event.totalBytes);
      show(`${event.files} of ${event.totalFiles} files, ${percent}%`);
    } else if (event.type === "retry") {
      show(`Connection lost, next attempt in ${event.seconds} s`);
    }
  }
  const { files, skipped } = await run;
  show("");
  console.log(`copied files: ${files}, unchanged: ${skipped}`);
} catch (error) {
  show("");
  if (!(error instanceof UserError)) throw error;
  const reasons = error instanceof IncompleteError ? error.result.failures : [error];
  for (const { message, hint } of reasons) console.error(hint ? `${message} (${hint})` : message);
  Deno.exit(1);
}
