/** Matches accepted connections with those that this process has opened. */

/** Connections of this process that a listener has not accepted yet. */
export class ExpectedConns<Conn> {
  readonly #waiting = new Map<string, (conn: Conn) => void>();

  /** Returns the accepted end of the connection with this local address, once `accept` has it. */
  expect(local: Deno.NetAddr): Promise<Conn> {
    const { promise, resolve } = Promise.withResolvers<Conn>();
    this.#waiting.set(endOf(local), resolve);
    return promise;
  }

  /**
   * Matches an accepted connection. A port alone does not name a connection: another process may have the same port at
   * another address of loopback.
   *
   * @returns false if no connection with this remote address is expected.
   */
  accept(remote: Deno.NetAddr, conn: Conn): boolean {
    const resolve = this.#waiting.get(endOf(remote));
    if (!resolve) return false;
    this.#waiting.delete(endOf(remote));
    resolve(conn);
    return true;
  }
}

function endOf({ hostname, port }: Deno.NetAddr): string {
  return `${hostname} ${port}`;
}
