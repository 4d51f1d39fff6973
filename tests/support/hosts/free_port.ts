/** Returns a port without a listener, below the ephemeral ports and above the default ports of escp. */
export function freePort(): number {
  for (;;) {
    try {
      const port = 10_000 + Math.floor(Math.random() * 9_000);
      Deno.listen({ hostname: "::", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}
