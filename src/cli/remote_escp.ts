/** What a session does about a host without escp, or with one that does not fit: it is put there, and all begins anew. */

import { recallPlace } from "../bootstrap/remembered_places.ts";
import { UnusableEscp } from "../session/model/start_errors.ts";
import { formatHost } from "../ssh/operand.ts";
import type { HostAccess, HostOptions } from "./options/host_options.ts";
import type { RemoteHost, Transfer } from "./options/transfers.ts";
import type { Listeners } from "./options/transfers.ts";
import { VERSION } from "./version.ts";
import { type Side } from "./options/transfers.ts";
import { rememberedHost } from "./options/transfers.ts";

/** What `-D` is when nobody has said it. */
const EVERYWHERE = "escp";

/**
 * Runs a transfer with options that have the place of escp on each host. Nothing has been copied when a host turns out to have
 * none: it is put there, and the transfer is run again.
 *
 * @throws what ended it, also that escp could not be put there.
 */
export async function withRemoteEscp<T, Used extends SideOptions>(
  transfer: Pick<Transfer, "remote" | "origin" | "direction">,
  options: Used,
  listeners: Pick<Listeners, "emit" | "signal">,
  run: (options: Used) => Promise<T>,
): Promise<T> {
  const sides = sidesOf(transfer, options);
  for (;;) {
    try {
      return await run(withPlaces(options, sides));
    } catch (error) {
      if (!(error instanceof UnusableEscp)) throw error;
      const side = sides.find(({ host, mayPut }) => mayPut && formatHost(host) === error.peer);
      if (!side) throw error;
      // One that does not fit either must not be put there for ever.
      side.mayPut = false;
      const { bootstrap } = await import("./bootstrap.ts");
      side.place = await bootstrap(side, error, { ...listeners, timeoutMs: options.timeoutMs });
    }
  }
}

/** What is needed to find escp on the hosts of a transfer. */
type SideOptions = HostAccess & Pick<HostOptions, "originAccess" | "timeoutMs">;

function sidesOf(
  { remote, origin, direction }: Pick<Transfer, "remote" | "origin" | "direction">,
  options: SideOptions,
): Side[] {
  const side = (role: Side["role"], host: RemoteHost, access: HostAccess): Side => {
    return { role, host, access, mayPut: mayPutEscp(access), place: placeOfEscp(host, access) };
  };
  const sides: Side[] = [];
  if (origin) sides.push(side("origin", origin, options.originAccess ?? options));
  // Where escp runs on the origin, the way to the other host is the business of that one.
  if (remote && direction !== "origin") sides.push(side("remote", remote, options));
  return sides;
}

function mayPutEscp({ bootstrap, remotePath }: HostAccess): boolean {
  return bootstrap !== "never" && remotePath === EVERYWHERE;
}

/** Where escp is on a host, as far as it is known. */
export function placeOfEscp(host: RemoteHost, access: HostAccess): string {
  if (!mayPutEscp(access)) return access.remotePath;
  const place = recallPlace(rememberedHost(host, access), VERSION, (name) => Deno.env.get(name));
  return place ?? access.remotePath;
}

function withPlaces<Used extends SideOptions>(options: Used, sides: readonly Side[]): Used {
  let placed = options;
  for (const { role, access, place } of sides) {
    placed = role === "remote" ? { ...placed, remotePath: place } : {
      ...placed,
      originAccess: { ...access, remotePath: place },
    };
  }
  return placed;
}
