/** Passes bytes between a client and a local connection. */

import { settleWithin } from "../../async/settle_within.ts";
import { closeQuietly } from "../../net/close.ts";
import { pass } from "../../net/pass.ts";

/** Maximum time for a client to receive the last bytes and close its connection, in milliseconds. */
export const LINGER_MS = 10_000;

/**
 * Passes bytes in both directions until the local connection ends, and closes both connections. A client that has only ended its
 * direction may still receive.
 */
export async function passBoth(client: Deno.Conn, local: Deno.Conn): Promise<void> {
  const up = passAndEnd(client, local);
  const down = passAndEnd(local, client);
  // A client whose connection breaks cannot receive the rest.
  const broken = up.then(() => new Promise<never>(() => {}), () => {});
  await Promise.race([down, broken]).catch(() => {});
  await settleWithin(LINGER_MS, up.catch(() => {}));
  closeQuietly(client);
  closeQuietly(local);
  await Promise.allSettled([up, down]);
}

async function passAndEnd(from: Deno.Conn, to: Deno.Conn): Promise<void> {
  await pass(from, to);
  await to.closeWrite();
}
