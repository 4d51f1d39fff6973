/**
 * Copies a file or directory to the same path on many hosts, several at the same time. The exit status is 1 if a host failed.
 *
 *     deno run --allow-all fan_out.ts SOURCE PATH HOST...
 */

import { copy, UserError } from "@escp/escp";

const [source, path, ...hosts] = Deno.args;
/** Maximum number of copies at the same time. */
const AT_ONCE = 4;

let failed = 0;

async function copyTo(host: string): Promise<void> {
  try {
    const { files, bytes } = await copy(source, `${host}:${path}`, { recursive: true, preserve: true, update: true });
    console.log(`${host}: ${files} files, ${bytes} bytes`);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    failed++;
    console.log(`${host}: ${error.message}`);
  }
}

const waiting = hosts.values();
async function work(): Promise<void> {
  // All workers take hosts from the same iterator.
  for (const host of waiting) await copyTo(host);
}
await Promise.all(Array.from({ length: AT_ONCE }, work));
Deno.exit(failed > 0 ? 1 : 0);
