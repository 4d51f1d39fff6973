/**
 * Uploads the artifacts of a CI job. A host that cannot be reached is tried again, a lost session is resumed, and the
 * contents are verified on the disk of the host.
 *
 *     deno run --allow-all upload_artifacts.ts DIR HOST:DIR
 */

import { copy, StartError, UserError } from "@escp/escp";

const [directory, target] = Deno.args;
const ATTEMPTS = 4;
/** The first pause, in milliseconds. Each pause is twice as long as the one before. */
const PAUSE_MS = Number(Deno.env.get("UPLOAD_PAUSE_MS") ?? 5_000);

async function upload(): Promise<void> {
  const run = copy(directory, target, { recursive: true, mkpath: true, verify: true, retries: 10, timeout: 30 });
  for await (const event of run) {
    // A job that prints nothing for a long time may be stopped.
    if (event.type === "retry" || event.type === "note") console.log(event.message);
    if (event.type === "ssh") console.log(`${event.host}: ${event.line}`);
  }
  const { files, bytes, verified } = await run;
  console.log(`${files} files uploaded, ${bytes} bytes, ${verified} verified`);
}

for (let attempt = 1;; attempt++) {
  try {
    await upload();
    break;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    console.error(`Attempt ${attempt} of ${ATTEMPTS} failed: ${error.message}`);
    // Only a login may succeed later. All other errors need a change.
    if (!(error instanceof StartError) || attempt === ATTEMPTS) Deno.exit(1);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * 2 ** (attempt - 1)));
  }
}
