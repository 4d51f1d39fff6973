/** What remote ends that break the rules have in common: they are run in the place of ssh, as `SCRIPT TRICK ...`. */

import { fromFileUrl } from "@std/path";
import { loadCipherEngine } from "../../src/crypto/engines.ts";
import { openRemoteSession, type RemoteSession } from "../../src/session/model/remote_session.ts";
import { quoteWord } from "../../src/ssh/shell_quote.ts";
import { escpCommand } from "../support/escp_command.ts";
import type { TreeEntry } from "../support/temp_tree.ts";

/** Nobody waits for such an end longer than that. */
const LIFE_MS = 20_000;
const CONFIG = fromFileUrl(new URL("../../deno.json", import.meta.url));

export const engine = loadCipherEngine("portable").engine;

/**
 * A program for -S that is the script with this trick.
 *
 * @param trick its first arguments.
 * @param host the only one that it is; on all others there is an honest escp. Left out: all are.
 */
export function inPlaceOfSsh(script: string, trick: string | string[], host = ""): TreeEntry & { content: string } {
  const options = ["--quiet", "--no-check", "--allow-all", "--config", CONFIG];
  const hostile = [Deno.execPath(), "run", ...options, script, ...[trick].flat()];
  const lines = [
    "#!/bin/sh",
    // Asked for settings, it has none.
    '[ "$1" = -G ] && exit 1',
    `case "$*" in *"${host}"*) exec ${hostile.map(quoteWord).join(" ")} "$@" ;; esac`,
    `exec ${escpCommand().map(quoteWord).join(" ")} --receiver --local-peer`,
  ];
  return { content: lines.join("\n") + "\n", mode: 0o755 };
}

/** The session with the client that has started this process. @param lifeMs how long it may take. */
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

/** Does it, and leaves when the client does. */
export async function play({ control }: RemoteSession, trick: () => Promise<unknown>): Promise<never> {
  await trick().catch(() => {});
  while (await control.nextLine().catch(() => undefined) !== undefined);
  Deno.exit(0);
}
