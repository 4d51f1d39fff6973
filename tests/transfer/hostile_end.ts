/** Shared code of remote ends that break the rules. They run instead of ssh, as `SCRIPT TRICK ...`. */

import { loadCipherEngine } from "../../src/crypto/engines.ts";
import { openRemoteSession, type RemoteSession } from "../../src/session/model/remote_session.ts";
import { quoteWord } from "../../src/ssh/shell_quote.ts";
import { escpCommand } from "../support/escp/escp_command.ts";
import type { TreeEntry } from "../support/files/temp_tree.ts";

/** Maximum time of such an end. */
const LIFE_MS = 20_000;

export const engine = loadCipherEngine("portable").engine;

/**
 * Returns a script for -S that runs a bundled program with a trick.
 *
 * @param trick first arguments of the program.
 * @param host the only hostile host. Default: all hosts.
 */
export function inPlaceOfSsh(program: string, trick: string | string[], host = ""): TreeEntry & { content: string } {
  const hostile = [Deno.execPath(), "run", "--quiet", "--allow-all", "--no-config", program, ...[trick].flat()];
  const lines = [
    "#!/bin/sh",
    // `ssh -G` prints no settings.
    '[ "$1" = -G ] && exit 1',
    `case "$*" in *"${host}"*) exec ${hostile.map(quoteWord).join(" ")} "$@" ;; esac`,
    `exec ${escpCommand().map(quoteWord).join(" ")} --receiver --local-peer`,
  ];
  return { content: lines.join("\n") + "\n", mode: 0o755 };
}

/** Opens the session with the client of this process. @param lifeMs maximum time. */
export async function openHostileEnd({ lifeMs = LIFE_MS }: { lifeMs?: number } = {}): Promise<RemoteSession> {
  Deno.unrefTimer(setTimeout(() => Deno.exit(9), lifeMs));
  return await openRemoteSession({
    engine: () => engine,
    software: "hostile",
    local: true,
    confined: false,
    input: Deno.stdin.readable,
    output: Deno.stdout.writable,
  });
}

/** Plays the trick, and ends when the client ends. */
export async function play({ control }: RemoteSession, trick: () => Promise<unknown>): Promise<never> {
  await trick().catch(() => {});
  while (await control.nextLine().catch(() => undefined) !== undefined);
  Deno.exit(0);
}
