/** Runs the ssh of this machine for ssh.exe in Wine (ssh.c), which cannot start programs of Linux with pipes. */

import { concat } from "@std/bytes/concat";

/** Byte after the arguments, each of which ends in a zero byte. */
const END = 1;

/** A listener on the loopback interface. */
export interface SshBridge extends Disposable {
  readonly port: number;
}

/** Starts ssh for each connection, until disposed. */
export function startSshBridge(): SshBridge {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  void (async () => {
    for await (const conn of listener) void serve(conn).catch(() => {});
  })();
  return { port: listener.addr.port, [Symbol.dispose]: () => listener.close() };
}

async function serve(conn: Deno.TcpConn): Promise<void> {
  let head = new Uint8Array(0);
  while (!head.includes(END)) {
    const piece = new Uint8Array(65_536);
    const count = await conn.read(piece);
    if (count === null) return conn.close();
    head = concat([head, piece.subarray(0, count)]);
  }
  const end = head.indexOf(END);
  const args = new TextDecoder().decode(head.subarray(0, end)).split("\0").slice(0, -1);
  const child = new Deno.Command("ssh", { args, stdin: "piped", stdout: "piped", stderr: "null" }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(head.subarray(end + 1));
  writer.releaseLock();
  // Either direction may end first, also by a process that was killed.
  await Promise.allSettled([conn.readable.pipeTo(child.stdin), child.stdout.pipeTo(conn.writable)]);
  await child.status;
}
