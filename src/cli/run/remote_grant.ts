/** The arguments of a remote end that `--serve` has started in advance: JSON after its length, in 4 bytes, on standard input. */

import type { ByteReader } from "../../net/pass.ts";
import { readExactly } from "../../net/read_exactly.ts";

/** Arguments and environment of a remote end, after the login of its client. */
export interface RemoteGrant {
  /** Arguments of escp. */
  readonly args: readonly string[];
  /** Addresses of the connection, as sshd sets SSH_CONNECTION. */
  readonly connection: string;
}

const LENGTH_BYTES = 4;

/** Returns the bytes that precede those of the client. */
export function formatGrant({ args, connection }: RemoteGrant): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify({ args, connection }));
  const bytes = new Uint8Array(LENGTH_BYTES + json.length);
  new DataView(bytes.buffer).setUint32(0, json.length);
  bytes.set(json, LENGTH_BYTES);
  return bytes;
}

/** Reads exactly the bytes of `formatGrant`. @returns undefined if the input ends before. */
export async function readGrant(input: ByteReader): Promise<RemoteGrant | undefined> {
  try {
    const length = new DataView((await readExactly(input, LENGTH_BYTES)).buffer).getUint32(0);
    return JSON.parse(new TextDecoder().decode(await readExactly(input, length)));
  } catch (error) {
    if (error instanceof Deno.errors.UnexpectedEof) return undefined;
    throw error;
  }
}
