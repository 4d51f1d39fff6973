/** A disk that fails on demand: a FUSE file system (fuse(4)), so system calls return real errors. */

import { fromFileUrl } from "@std/path";
import { turn } from "../escp/interruptions.ts";
import { createTempDirectory } from "./temp.ts";

/** A change of a file that the disk makes between two reads of the file. */
export interface DiskChange {
  /** Name of a file in the root of the disk. */
  name: string;
  /** Number of bytes that all readers together read before the change. */
  after: number;
  /**
   * "rewrite" changes all bytes and restores the mtime. "append" adds 10 bytes. "chmod" keeps the contents. Each of them adds
   * 10 s to the ctime, which even clocks of whole seconds show. "damage" changes all bytes without a trace in the attributes.
   */
  kind: "rewrite" | "append" | "chmod" | "damage";
}

/** Faults of the disk until it is repaired. */
export interface DiskFault {
  /** Changes that happen once each, in this order. */
  changes?: DiskChange[];
  /** Calls that fail. Default: none. */
  on?: "write" | "create" | "rename" | "read" | "fsync" | "utime";
  errno?: "EIO" | "EDQUOT" | "ENOSPC" | "ENAMETOOLONG" | "EPERM";
  /** Number of bytes written before the first failure. Default: 0. */
  after?: number;
  /** Maximum length of names. Default: 255. */
  maxNameBytes?: number;
  /** Earliest time that the disk can store, as on FAT, in seconds since 1970. Earlier times become this one. */
  earliest?: number;
}

/** A mounted disk. Disposing unmounts it. */
export interface FailingDisk extends AsyncDisposable {
  readonly path: string;
  /** Ends all faults. */
  repair(): Promise<void>;
  /** Lets all further calls hang until the disk is disposed of. Processes in such calls can be killed. */
  hang(): Promise<void>;
}

const SERVER = fromFileUrl(new URL("failing_disk_server.ts", import.meta.url));
const CONFIG = fromFileUrl(new URL("../../../deno.json", import.meta.url));

/** Reason why no such disk can be mounted on this system; undefined if it can. */
export const failingDiskProblem: string | undefined = await findProblem();

export async function mountFailingDisk(fault: DiskFault): Promise<FailingDisk> {
  const directory = await createTempDirectory();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-check", "--config", CONFIG, SERVER, directory.path, JSON.stringify(fault)],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const input = child.stdin.getWriter();
  const output = child.stdout.getReader();
  const { done } = await output.read();
  const device = done ? 0 : (await Deno.stat(directory.path)).dev;
  async function dispose(): Promise<void> {
    // Kills the server first: until then hanging calls do not return, and umount(8) would hang too.
    try {
      child.kill("SIGKILL");
    } catch {
      // The server has exited already.
    }
    await child.status;
    await new Deno.Command("umount", { args: ["-l", directory.path], stderr: "null" }).output();
    await input.abort().catch(() => {});
    await output.cancel();
    await directory[Symbol.asyncDispose]();
  }
  if (done) {
    await dispose();
    throw new Error("Cannot mount a file system by FUSE");
  }
  return {
    path: directory.path,
    async repair() {
      await input.write(new TextEncoder().encode("repair\n"));
      await output.read();
    },
    async hang() {
      for (;;) {
        child.kill("SIGSTOP");
        // A thread that has not stopped yet could still read a call, and Linux kills no process in a call that was read.
        while (!isStopped(child.pid)) await turn();
        if (await callsOf(device) === 0) return;
        child.kill("SIGCONT");
        await turn();
      }
    },
    [Symbol.asyncDispose]: dispose,
  };
}

/** Returns the number of calls without an answer of a mounted FUSE file system (Documentation/filesystems/fuse.rst). */
async function callsOf(device: number): Promise<number> {
  const minor = (device & 0xff) | ((device >>> 12) & ~0xff);
  await using control = await createTempDirectory();
  const mount = await new Deno.Command("mount", { args: ["-t", "fusectl", "fusectl", control.path] }).output();
  if (!mount.success) throw new Error("Cannot mount the control file system of FUSE");
  try {
    return Number(await Deno.readTextFile(`${control.path}/${minor}/waiting`));
  } finally {
    await new Deno.Command("umount", { args: ["-l", control.path] }).output();
  }
}

/** Returns whether all threads of a process have stopped. */
function isStopped(pid: number): boolean {
  return [...Deno.readDirSync(`/proc/${pid}/task`)].every(({ name }) =>
    /^State:\tT/m.test(Deno.readTextFileSync(`/proc/${pid}/task/${name}/status`))
  );
}

async function findProblem(): Promise<string | undefined> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "only root can mount";
  try {
    await using _ = await mountFailingDisk({ errno: "EIO" });
    return undefined;
  } catch {
    return "FUSE file systems cannot be mounted on this system";
  }
}
