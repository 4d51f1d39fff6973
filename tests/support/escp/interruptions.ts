/** Interrupting copies at a given progress, and inspecting what they left. */

import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { walkFilesSync } from "../../../scripts/walk_files.ts";
import type { RunningEscp } from "./escp_command.ts";
import { lastEvent } from "./json_events.ts";
import { commandOf, descendantsOf, isRunning, killProcess, type ProcessId } from "../processes.ts";
import type { Scene } from "../scene.ts";
import { recordsOf } from "./state.ts";
import { partialFile, temporaryFiles } from "./temporary_files.ts";

/** Interval of checks that read records and directories, which takes longer than a turn. */
const POLL_MS = 10;

/** Writes a file of random bytes that was last changed an hour ago. */
export async function writeLargeFile(path: string, bytes: number): Promise<void> {
  const script = `head -c ${bytes} /dev/urandom >"$1" && touch -d '1 hour ago' "$1"`;
  await new Deno.Command("sh", { args: ["-c", script, "sh", path] }).output();
}

/** Waits until the copy writes a file below the directory. */
export function untilBegun(to: string, running: RunningEscp): Promise<void> {
  return untilTrue(() => temporaryFiles(to).length > 0, running);
}

/** Feeds the piped standard input of the copy until it writes a file below the directory. */
export async function feedUntilBegun(to: string, running: RunningEscp): Promise<void> {
  const writer = running.child.stdin.getWriter();
  const feed = () => writer.write(new Uint8Array(1 << 20)).catch(() => {});
  await untilTrue(() => temporaryFiles(to).length > 0, running, feed);
  writer.releaseLock();
}

/** Waits until the journals of targets below the directory have this many bytes. */
export function untilNoted(to: string, bytes: number, running: RunningEscp): Promise<void> {
  return untilTrue(() => notedBytes(to) >= bytes, running);
}

/** Polls the condition; fails if the copy ends before it is true. */
export async function untilTrue(
  condition: () => boolean,
  running: RunningEscp,
  feed?: () => Promise<void>,
): Promise<void> {
  let ended = false;
  running.result.finally(() => ended = true).catch(() => {});
  while (!condition()) {
    assert(!ended, `The copy ended before it could be interrupted: ${running.printed.stderr}`);
    await (feed ? Promise.race([feed(), turn()]) : delay(POLL_MS));
  }
}

/** Returns the number of bytes that the journals of targets below the directory have as written. */
export function notedBytes(to: string): number {
  let noted = 0;
  for (const { journal } of recordsOf(to)) {
    for (const { start, end } of journal?.blocks ?? []) noted += end - start;
  }
  return noted;
}

/** Returns the size on disk of the partial file below the directory; 0 if it does not exist. */
export function takenBytes(to: string): number {
  const partial = partialFile(to);
  try {
    return partial === undefined ? 0 : (Deno.statSync(partial).blocks ?? 0) * 512;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

/** Returns the total size of files below the directory that have their final names. */
export function presentBytes(directory: string): number {
  let sum = 0;
  for (const { path } of walkFilesSync(directory, { skip: /\/\.escp-[^/]*$/ })) sum += Deno.statSync(path).size;
  return sum;
}

/** Returns the number of bytes sent according to `--json`. */
export function sentBytes(json: string): number {
  const { bytes, resumed } = lastEvent(json);
  return bytes - resumed;
}

/** Fails if the two files differ. */
export async function assertSame(a: string, b: string): Promise<void> {
  const { code } = await new Deno.Command("cmp", { args: [a, b] }).output();
  assertEquals(code, 0, `${b} differs from ${a}`);
}

/** Sends SIGINT until the client has exited, because two pending signals of one kind are delivered as one. */
export async function interruptUntilExit(running: RunningEscp): Promise<void> {
  while (isRunning(running.pid)) {
    try {
      running.kill("SIGINT");
    } catch (error) {
      // The client has just exited.
      if (!(error instanceof TypeError)) throw error;
    }
    await turn();
  }
}

/** Kills descendants of the client and of the server whose command line matches. */
export async function killOthers(scene: Scene, running: RunningEscp, pattern: RegExp): Promise<void> {
  for (const process of [...await descendantsOf(running.pid), ...await descendantsOf(scene.sshd.pid)]) {
    if (pattern.test(commandOf(process))) killProcess(process);
  }
}

/** Kills the remote end that has this file open (proc(5)). */
export async function killHolder(scene: Scene, path: string): Promise<void> {
  const real = await Deno.realPath(path);
  for (const process of await descendantsOf(scene.sshd.pid)) {
    if (!/--receiver/.test(commandOf(process)) || !openFilesOf(process).includes(real)) continue;
    return killProcess(process);
  }
  throw new Error(`No remote end has ${path} open`);
}

function openFilesOf({ pid }: ProcessId): string[] {
  try {
    return [...Deno.readDirSync(`/proc/${pid}/fd`)].map(({ name }) => {
      try {
        return Deno.readLinkSync(`/proc/${pid}/fd/${name}`);
      } catch {
        // The descriptor was closed meanwhile.
        return "";
      }
    });
  } catch {
    return [];
  }
}

/** Waits for the next poll. There are no events for progress in files of other processes. */
export function turn(): Promise<void> {
  return delay(2);
}
