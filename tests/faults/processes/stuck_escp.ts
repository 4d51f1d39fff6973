/** Processes of escp whose main thread does not respond. */

import { assert } from "@std/assert";
import { delay } from "@std/async/delay";
import { existsSync as exists } from "@std/fs/exists";
import { alteredEscp, type RunningEscp } from "../../support/escp/escp_command.ts";
import { turn, untilTrue } from "../../support/escp/interruptions.ts";
import { isRunning, type ProcessId, receiversOf } from "../../support/processes.ts";
import type { Scene } from "../../support/scene.ts";
import { writeWrapper } from "../../support/shell_script.ts";

export const MIB = 1 << 20;
/** At this rate no copy completes during a test. */
export const SLOW = ["-l", "8000", "--retries", "0"];
/**
 * The limits of escp are 10 s after the session, and 2 s after SIGTERM or 4 s if the main thread gets stuck meanwhile. These
 * leave room for a busy machine.
 */
export const GONE_MS = 15_000;
export const STOPPED_MS = 10_000;

/** Writes an escp whose main thread can be made busy. */
export async function busyEscp(
  scene: Scene,
): Promise<{ path: string; makeBusy(running: RunningEscp): Promise<number> }> {
  const directory = await scene.tree();
  const [path, file] = [`${directory}/escp`, `${directory}/busy`];
  await writeWrapper(path, alteredEscp("busy.ts"), `export BUSY_WHEN='${file}'`);
  return {
    path,
    async makeBusy(running) {
      await Deno.writeTextFile(file, "");
      await untilTrue(() => exists(`${file}.busy`) && Deno.readTextFileSync(`${file}.busy`) !== "", running);
      return Number(Deno.readTextFileSync(`${file}.busy`));
    },
  };
}

/** Waits for a number of remote ends and returns their processes. */
export async function remoteEnds(scene: Scene, running: RunningEscp, count = 1): Promise<ProcessId[]> {
  for (;;) {
    const found = await receiversOf(scene.sshd);
    if (found.length >= count) return found;
    assert(isRunning(running.pid), running.printed.stderr);
    await turn();
  }
}

/** The Worker adds its listeners right after it has unblocked the signals, and no event shows that. In milliseconds. */
const LISTENING_MS = 300;

/** Waits until the main thread of a process blocks SIGTERM and its Worker handles it. */
export async function untilGuarded(pid: number): Promise<void> {
  for (;;) {
    const threads = Array.from(Deno.readDirSync(`/proc/${pid}/task`), ({ name }) => {
      const status = readIfRunning(`/proc/${pid}/task/${name}/status`);
      const [, blocked] = /^SigBlk:\s*(\w+)/m.exec(status) ?? ["", "0"];
      // SIGTERM is bit 14.
      return {
        isMain: name === `${pid}`,
        name: /^Name:\s*(.*)/.exec(status)?.[1] ?? "",
        blocks: BigInt(`0x${blocked}`) >> 14n & 1n,
      };
    });
    const isLeft = threads.some(({ isMain, blocks }) => isMain && blocks === 1n);
    if (isLeft && threads.some(({ name, blocks }) => name.startsWith("worker-") && blocks === 0n)) {
      return await delay(LISTENING_MS);
    }
    await turn();
  }
}

/** Returns the text of a file in proc(5), "" after its thread has exited. */
function readIfRunning(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

/** Waits until a thread of the process is in a call of FUSE. */
export async function untilBlocked(pid: number): Promise<void> {
  for (;;) {
    for (const { name } of Deno.readDirSync(`/proc/${pid}/task`)) {
      const stack = await Deno.readTextFile(`/proc/${pid}/task/${name}/stack`).catch(() => "");
      if (/fuse_/.test(stack)) return;
    }
    await turn();
  }
}
