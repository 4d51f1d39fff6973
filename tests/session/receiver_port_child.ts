/**
 * `receiver_port_child.ts TARGET HOSTNAME --receiver`: listens as a remote end does, prints the port, and passes each connection on
 * to the port TARGET of this host. It ends with its standard input.
 */

const [target, hostname] = Deno.args;
const listener = Deno.listen({ hostname, port: 0 });
console.log(listener.addr.port);
(async () => {
  for await (const conn of listener) {
    const there = await Deno.connect({ hostname: "127.0.0.1", port: Number(target) });
    conn.readable.pipeTo(there.writable).catch(() => {});
    there.readable.pipeTo(conn.writable).catch(() => {});
  }
})();
for await (const _ of Deno.stdin.readable);
Deno.exit(0);
