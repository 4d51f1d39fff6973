/** Peers of a client that are shell scripts, with the hello line in $1. */

import type { CopyJob } from "../../src/protocol/control/job.ts";
import { type ClientSession, openClientSession } from "../../src/session/model/client_session.ts";
import type { PeerProcess } from "../../src/session/model/peer_process.ts";
import { CIPHER_ENGINES } from "../crypto/cipher_engines.ts";
import golden from "../protocol/golden/version_1.json" with { type: "json" };

export const ENGINE = CIPHER_ENGINES.at(-1)!;

/** A job that such a peer does not run. */
export const JOB: CopyJob = {
  direction: "push",
  target: "data/",
  recursive: true,
  preserve: false,
  blockBytes: 1 << 20,
  symlinks: "follow",
  hardlinks: false,
  salt: "salt",
  filters: [],
};

/** Returns the golden hello line with these fields. */
export function helloWith(fields: Record<string, unknown>): string {
  return "escp-hello " + JSON.stringify({ ...JSON.parse(golden.hello.slice(11)), ...fields });
}

/** Returns the command of the peer. */
export function scriptedCommand(script: string, hello = golden.hello): { program: string; args: string[] } {
  return { program: "sh", args: ["-c", script, "sh", hello] };
}

/** Opens the session with the peer. */
export function openScripted(
  peer: PeerProcess,
  options: Partial<Parameters<typeof openClientSession>[1]> = {},
): Promise<ClientSession> {
  return openClientSession(peer, {
    job: JOB,
    needed: [],
    cipher: "aes-128-gcm",
    engine: ENGINE,
    timeoutMs: 60_000,
    note: () => {},
    ...options,
  });
}
