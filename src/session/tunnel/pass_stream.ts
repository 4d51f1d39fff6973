/** `escp --receiver-stream`: a further ssh session that passes one stream to the data port of this host. */

import { messageOf, ProtocolError, StartError } from "../../errors.ts";
import { descriptorOf } from "../../native/net/socket_descriptor.ts";
import { splice } from "../../native/net/splice.ts";
import { STREAM_MARK } from "../../protocol/limits.ts";
import { PREAMBLE_BYTES, preambleSession } from "../../protocol/data/preamble.ts";
import { ownerOfPort } from "./own_listener.ts";
import { type ByteReader, type ByteWriter, pass, writeAll } from "../../net/pass.ts";

/**
 * Passes bytes in both directions until the data port closes its end. Refuses bytes that do not begin with a preamble,
 * and ports where no escp of this user listens: a client that may run only escp on this host must not reach other
 * services of it. No secret is needed, because streams authenticate end to end.
 *
 * @param descriptors of input and output, if the native engine may be used.
 * @throws {ProtocolError} without a preamble; {StartError} if no escp of this user listens; errors of the connection.
 */
export async function passStream(
  port: number,
  input: ByteReader,
  output: ByteWriter,
  descriptors?: { input: number; output: number },
): Promise<void> {
  await writeAll(output, new TextEncoder().encode(STREAM_MARK));
  const preamble = new Uint8Array(PREAMBLE_BYTES);
  for (let have = 0; have < PREAMBLE_BYTES;) {
    const count = await input.read(preamble.subarray(have));
    if (count === null) throw new ProtocolError("bad-preamble", "The connection ended before its handshake");
    have += count;
  }
  preambleSession(preamble);
  await checkOwner(port);
  using conn = await connectTo(port);
  conn.setNoDelay(true);
  await writeAll(conn, preamble);
  // A client that ends the session ends the stream. One that has only closed its input may wait for the rest.
  const socket = descriptors && findDescriptor(conn);
  const sent = inKernel(descriptors?.input, socket, () => pass(input, conn)).then(() => conn.closeWrite());
  sent.catch(() => {});
  await inKernel(socket, descriptors?.output, () => pass(conn, output));
}

/** Called right before connecting: after an earlier check another service could have taken the port. */
async function checkOwner(port: number): Promise<void> {
  const owner = await ownerOfPort(port);
  if (owner === "escp") return;
  const reason = owner === "nobody" ? "Connection refused" : "no escp of this user listens on it";
  throw new StartError(`Cannot connect to port ${port} of this host: ${reason}`);
}

async function connectTo(port: number): Promise<Deno.TcpConn> {
  try {
    return await Deno.connect({ hostname: "127.0.0.1", port });
  } catch (cause) {
    throw new StartError(`Cannot connect to port ${port} of this host: ${messageOf(cause)}`, { cause });
  }
}

/** Passes bytes in the kernel if possible. */
async function inKernel(from: number | undefined, to: number | undefined, otherwise: () => Promise<void>) {
  if (from !== undefined && to !== undefined && await splice(from, to)) return;
  await otherwise();
}

function findDescriptor(conn: Deno.TcpConn): number | undefined {
  try {
    return descriptorOf(conn);
  } catch {
    // The system is not Linux, or FFI is not available.
    return undefined;
  }
}
