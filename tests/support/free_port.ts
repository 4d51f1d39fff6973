/** A port that nothing listens on now: below those that systems give to connections, above those that escp takes by itself. */
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
