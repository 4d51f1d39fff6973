/** `escp --receiver --await-grant`: a remote end of `--serve` that waits for its session. */

import type { EngineChoice } from "../../crypto/engines.ts";
import { readGrant, type RemoteGrant } from "./remote_grant.ts";

/**
 * Loads the code and the engines of a session, and waits for its arguments.
 *
 * @param engine choice of the server for all sessions.
 * @returns undefined if the server has ended.
 */
export async function awaitGrant(engine: EngineChoice): Promise<RemoteGrant | undefined> {
  const loading = load(engine);
  const grant = await readGrant(Deno.stdin);
  await loading;
  return grant;
}

async function load(engine: EngineChoice): Promise<void> {
  const [{ openMachine }] = await Promise.all([
    import("../../transfer/machine.ts"),
    import("../../transfer/remote/job.ts"),
    import("../../transfer/receive/receive.ts"),
    import("../../transfer/send/send.ts"),
    import("../../transfer/send/sources/listed.ts"),
    import("../../native/process/signals.ts"),
    import("../end_with_channel.ts"),
    import("./receiver.ts"),
  ]);
  try {
    // The libraries stay loaded.
    await openMachine(engine, undefined);
  } catch {
    // The session reports it.
  }
}
