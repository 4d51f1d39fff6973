/** Client: data connections through the port of a server. */

import { closeQuietly } from "../../net/close.ts";
import { writeAll } from "../../net/pass.ts";
import { OF_SERVER, type Tunnel, type TunnelConn } from "../../net/tunnel.ts";
import { MAX_STREAMS } from "../../protocol/limits.ts";
import { formatFirstLine } from "../../protocol/serve/first_line.ts";
import { messageOf } from "../../errors.ts";
import { formatAddress } from "../server_address.ts";
import type { ServerRoute } from "./peer.ts";

/** Returns the tunnel through the port of a server. */
export function serverPortTunnel(route: ServerRoute): Tunnel {
  const address = formatAddress(route);
  return {
    name: `port ${route.port}${OF_SERVER}`,
    address,
    maxStreams: MAX_STREAMS,
    open: () => new PortConn(route),
  };
}

/** A data connection that begins with the route of its session. */
class PortConn implements TunnelConn {
  readonly ended: Promise<void>;
  readonly #opening: Promise<Deno.TcpConn>;
  readonly #ended = Promise.withResolvers<void>();
  #failure = "";

  constructor(route: ServerRoute) {
    this.ended = this.#ended.promise;
    this.#opening = open(route);
    this.#opening.catch((error) => this.#failure = messageOf(error));
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    return await (await this.#opening).read(buffer);
  }

  async write(bytes: Uint8Array): Promise<number> {
    return await (await this.#opening).write(bytes);
  }

  close(): void {
    this.#opening.then(closeQuietly, () => {}).finally(() => this.#ended.resolve());
  }

  kill(): void {
    this.close();
  }

  failureText(): Promise<string> {
    return Promise.resolve(this.#failure);
  }
}

async function open({ host, port, route }: ServerRoute): Promise<Deno.TcpConn> {
  const conn = await Deno.connect({ hostname: host, port });
  try {
    conn.setNoDelay(true);
    await writeAll(conn, new TextEncoder().encode(formatFirstLine({ kind: "data", route })));
    return conn;
  } catch (error) {
    closeQuietly(conn);
    throw error;
  }
}
