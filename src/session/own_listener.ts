/** Whether a port of this host belongs to an escp of this user: no other service may be reached by way of escp. */

/** What every remote end has among its arguments. */
const RECEIVER = "--receiver";

/** What listens at a port, as a connection to 127.0.0.1 finds it. */
export type PortOwner = "escp" | "other" | "nobody";

/** Tells who listens at the port. What cannot be told counts as "other". */
export async function ownerOfPort(port: number): Promise<PortOwner> {
  return Deno.build.os === "linux" ? ownerByProc(port) : await ownerByLsof(port);
}

/**
 * Local addresses of proc_net(5) that a connection to 127.0.0.1 may reach, the most specific first: the system chooses
 * in this order.
 */
const ADDRESSES: readonly (readonly string[])[] = [
  ["0100007F", "0000000000000000FFFF00000100007F"],
  ["00000000", "0000000000000000FFFF000000000000"],
  ["00000000000000000000000000000000"],
];
/** TCP_LISTEN. */
const LISTENING = "0A";

/** By /proc: sockets have their user and an inode, and a process shows the inodes of its sockets. Linux. */
export function ownerByProc(port: number): PortOwner {
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

/** Whether remote ends of this user have all these sockets open. */
function ownsSockets(inodes: Set<string>): boolean {
  const left = new Set(inodes);
  for (const pid of namesIn("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    const [command = ""] = readText(`/proc/${pid}/cmdline`);
    if (!command.split("\0").includes(RECEIVER)) continue;
    for (const name of namesIn(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(targetOf(`/proc/${pid}/fd/${name}`))?.[1];
      if (inode !== undefined) left.delete(inode);
    }
    if (left.size === 0) return true;
  }
  return false;
}

/** By lsof(8), which shows what processes of this user listen, and by ps(1). */
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

/** The text in a list, or nothing: a process may end at any time. */
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
    // It has ended, or belongs to somebody else.
    return [];
  }
}

function targetOf(link: string): string {
  try {
    return Deno.readLinkSync(link);
  } catch {
    return "";
  }
}
