/** Finds out whether an escp of this user listens on a port of this host. */

import { fileOfDescriptor } from "../../native/process/descriptors.ts";

/** An argument of every remote end. */
const RECEIVER = "--receiver";

/** The process that accepts a connection to 127.0.0.1 and a port: an escp of this user, another process, or none. */
export type PortOwner = "escp" | "other" | "nobody";

/** Returns the owner of a port, "other" if it cannot be determined. */
export async function ownerOfPort(port: number): Promise<PortOwner> {
  return Deno.build.os === "linux" ? ownerByProc(port) : await ownerByLsof(port);
}

/**
 * Local addresses, as in proc_pid_net(5), of sockets that accept a connection to 127.0.0.1. The system prefers the most
 * specific address, which comes first.
 */
const ADDRESSES: readonly (readonly string[])[] = [
  ["0100007F", "0000000000000000FFFF00000100007F"],
  ["00000000", "0000000000000000FFFF000000000000"],
  ["00000000000000000000000000000000"],
];
/** TCP_LISTEN. */
const LISTENING = "0A";

/** Maximum number of times to read the tables of sockets: one pass may miss a socket while others open and close. */
const MAX_PASSES = 3;

/** Linux: /proc lists listening sockets with user and inode, and the inodes of the sockets of each process. */
export function ownerByProc(port: number): PortOwner {
  let owner: PortOwner = "nobody";
  for (let pass = 0; pass < MAX_PASSES && owner === "nobody"; pass++) owner = ownerInTables(port);
  return owner;
}

function ownerInTables(port: number): PortOwner {
  const sockets = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap(readText).flatMap((text) => listeningAt(text, port));
  const reached = ADDRESSES.map((addresses) => sockets.filter(({ address }) => addresses.includes(address)));
  const chosen = reached.find((found) => found.length > 0);
  if (!chosen) return "nobody";
  const user = String(Deno.uid());
  const own = chosen.every((socket) => socket.user === user) && ownsSockets(new Set(chosen.map(({ inode }) => inode)));
  return own ? "escp" : "other";
}

interface ListeningSocket {
  address: string;
  user: string;
  inode: string;
}

function listeningAt(table: string, port: number): ListeningSocket[] {
  const end = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const found: ListeningSocket[] = [];
  for (const line of table.split("\n")) {
    // sl, local address, remote address, state, queues, timer, retransmissions, user, timeout, inode
    const [, local, , state, , , , user, , inode] = line.trim().split(/\s+/);
    if (state !== LISTENING || !local.endsWith(end)) continue;
    found.push({ address: local.slice(0, -end.length), user, inode });
  }
  return found;
}

/** Returns whether remote ends of this user have opened all these sockets. */
function ownsSockets(inodes: Set<string>): boolean {
  const left = new Set(inodes);
  for (const pid of namesIn("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    const [command = ""] = readText(`/proc/${pid}/cmdline`);
    if (!command.split("\0").includes(RECEIVER)) continue;
    for (const name of namesIn(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(fileOfDescriptor(Number(name), Number(pid)) ?? "")?.[1];
      if (inode !== undefined) left.delete(inode);
    }
    if (left.size === 0) return true;
  }
  return false;
}

/** Other systems: lsof(8) lists processes of this user that listen, and ps(1) shows their arguments. */
export async function ownerByLsof(port: number): Promise<PortOwner> {
  const list = ["-nP", "-a", "-u", String(Deno.uid()), `-iTCP:${port}`, "-sTCP:LISTEN", "-Fp"];
  const listed = await outputOf("lsof", list);
  if (listed === undefined) return "other";
  const pids = Array.from(listed.matchAll(/^p(\d+)$/gm), ([, pid]) => pid);
  if (pids.length === 0) return "nobody";
  for (const pid of pids) {
    const command = await outputOf("ps", ["-ww", "-o", "args=", "-p", pid]) ?? "";
    if (!command.trim().split(/\s+/).includes(RECEIVER)) return "other";
  }
  return "escp";
}

async function outputOf(program: string, args: string[]): Promise<string | undefined> {
  try {
    const { stdout } = await new Deno.Command(program, { args, stdin: "null", stderr: "null" }).output();
    return new TextDecoder().decode(stdout);
  } catch {
    return undefined;
  }
}

/** Returns the text of a file in a list, which is empty if the process has ended. */
function readText(path: string): string[] {
  try {
    return [Deno.readTextFileSync(path)];
  } catch {
    return [];
  }
}

function namesIn(directory: string): string[] {
  try {
    return Array.from(Deno.readDirSync(directory), ({ name }) => name);
  } catch {
    // The process has ended, or belongs to another user.
    return [];
  }
}
