/** A disk that fails when it is told to: a file system of the kernel (fuse(4)) whose calls come back with real errors. */

import { fromFileUrl } from "@std/path";
import { createTempDirectory } from "./temp.ts";

/** What happens to a file of the disk while it is read: the disk does it by itself, between two reads. */
export interface DiskChange {
  /** Of a file in the root of the disk. */
  name: string;
  /** Number of bytes of the file that are read before, over all readers. */
  after: number;
  /**
   * "rewrite": all bytes change and the mtime is set back; "append": the file grows by 10 bytes; "chmod": its contents stay.
   * Each moves the ctime on by 10 s, so that also clocks of whole seconds show it. "damage": all bytes change, and nothing
   * tells of it.
   */
  how: "rewrite" | "append" | "chmod" | "damage";
}

/** What goes wrong with it, until it is repaired. */
export interface DiskFault {
  /** Happen once each, in this order. */
  changes?: DiskChange[];
  /** Calls that fail; left out: none does. */
  on?: "write" | "create" | "rename" | "read" | "fsync" | "utime";
  errno?: "EIO" | "EDQUOT" | "ENOSPC" | "ENAMETOOLONG" | "EPERM";
  /** Bytes that are written before. Default 0. */
  after?: number;
  /** Longer names are refused. Default 255. */
  mostNameBytes?: number;
  /** Earlier times become this one, as on FAT. Seconds since 1970. */
  earliest?: number;
}

/** Mounted until it is disposed of. */
export interface FailingDisk extends AsyncDisposable {
  readonly path: string;
  /** From now on all goes well. */
  repair(): Promise<void>;
  /** From now on no call returns until the disk is disposed of. */
  hang(): void;
}

const SERVER = fromFileUrl(new URL("failing_disk_server.ts", import.meta.url));
const CONFIG = fromFileUrl(new URL("../../deno.json", import.meta.url));

/** Why there is none here; undefined when there is. */
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
  const said = child.stdout.getReader();
  const { done } = await said.read();
  async function dispose(): Promise<void> {
    // Calls that hang return after the server is killed; umount(8) would hang too.
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await child.status;
    await new Deno.Command("umount", { args: ["-l", directory.path], stderr: "null" }).output();
    await input.abort().catch(() => {});
    await said.cancel();
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
      await said.read();
    },
    hang: () => child.kill("SIGSTOP"),
    [Symbol.asyncDispose]: dispose,
  };
}

async function findProblem(): Promise<string | undefined> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "only root can mount";
  try {
    await using _ = await mountFailingDisk({ errno: "EIO" });
    return undefined;
  } catch {
    return "no file system may be mounted by FUSE here";
  }
}
