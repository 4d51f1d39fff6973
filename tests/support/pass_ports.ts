/** A program: takes TCP connections at ports of one address and passes them on to the same ports of another. */

const [from, to, ...ports] = Deno.args;

async function pass(near: Deno.TcpConn, port: number): Promise<void> {
  try {
    const far = await Deno.connect({ hostname: to, port });
    await Promise.all([near.readable.pipeTo(far.writable), far.readable.pipeTo(near.writable)]);
  } catch {
    // One of the two has ended the connection, or there is nobody.
  }
}

for (const port of ports.map(Number)) {
  const listener = Deno.listen({ hostname: from, port });
  (async () => {
    for await (const conn of listener) void pass(conn, port);
  })();
}
console.log("ready");
