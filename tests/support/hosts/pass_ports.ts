/** Forwards TCP connections: `pass_ports.ts FROM TO PORT...` listens on ports of FROM and connects to the same ports of TO. */

const [from, to, ...ports] = Deno.args;

async function pass(near: Deno.TcpConn, port: number): Promise<void> {
  try {
    const far = await Deno.connect({ hostname: to, port });
    await Promise.all([near.readable.pipeTo(far.writable), far.readable.pipeTo(near.writable)]);
  } catch {
    // One end closed the connection, or nothing listens.
  }
}

for (const port of ports.map(Number)) {
  const listener = Deno.listen({ hostname: from, port });
  (async () => {
    for await (const conn of listener) void pass(conn, port);
  })();
}
console.log("ready");
