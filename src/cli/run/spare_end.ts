/** `escp --receiver --spare`: a remote end of `--serve` that waits for its session. */

import { readGrant, type RemoteGrant } from "./remote_grant.ts";

/** Loads the code of a session, and waits for its arguments. @returns undefined if the server has ended. */
export async function awaitGrant(): Promise<RemoteGrant | undefined> {
  const loading = Promise.all([
    import("./receiver.ts"),
    import("../end_with_channel.ts"),
    import("../../native/process/signals.ts"),
    import("../../transfer/machine.ts"),
    import("../../transfer/remote/job.ts"),
  ]);
  const grant = await readGrant(Deno.stdin);
  await loading;
  return grant;
}
