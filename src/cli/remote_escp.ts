/** Finds escp on the hosts of a transfer, and installs it on a host that lacks a compatible version. */

import { recallPlace } from "../bootstrap/remembered_places.ts";
import type { StartError } from "../errors.ts";
import { UnusableEscp } from "../session/model/start_errors.ts";
import { formatHost, type RemoteHost } from "../ssh/operand.ts";
import type { HostAccess, HostOptions } from "./options/host_options.ts";
import { rememberedHost, type Transfer, type TransferListeners } from "./options/transfers.ts";
import type { Program } from "./program.ts";
import { VERSION } from "./version.ts";

/** A host of a transfer. */
interface Side {
  readonly role: "remote" | "origin";
  readonly host: RemoteHost;
  readonly access: HostAccess;
  /** Path of escp on the host. */
  path: string;
  /** Whether escp may be installed, because the user has not named a path. */
  mayInstall: boolean;
}

/**
 * Runs a transfer with the path of escp on each host. If a host turns out to lack a compatible version, installs it and runs the
 * transfer again; nothing has been copied by then.
 *
 * @throws the error that ended the transfer, or the reason why escp cannot be installed.
 */
export async function withRemoteEscp<T>(
  transfer: Pick<Transfer, "remote" | "origin" | "direction">,
  options: HostOptions,
  listeners: Pick<TransferListeners, "emit" | "signal" | "program">,
  run: (options: HostOptions) => Promise<T>,
): Promise<T> {
  const sides = sidesOf(transfer, options);
  for (;;) {
    try {
      return await run(withPaths(options, sides));
    } catch (error) {
      if (!(error instanceof UnusableEscp)) throw error;
      const side = sides.find(({ host, mayInstall }) => mayInstall && formatHost(host) === error.host);
      if (!side) throw await withInstallHint(error, sides, listeners.program);
      // If the installed escp is incompatible too, do not install it again.
      side.mayInstall = false;
      const { bootstrap } = await import("./bootstrap.ts");
      side.path = await bootstrap(side, error, { ...listeners, timeoutMs: options.request.timeoutMs });
    }
  }
}

/** Adds a hint about --install to the error if only --bootstrap=never has prevented an installation. */
async function withInstallHint(
  error: UnusableEscp,
  sides: readonly Side[],
  program: Program,
): Promise<StartError> {
  const side = sides.find(({ host }) => formatHost(host) === error.host);
  if (side?.access.search === undefined || side.host.serve || side.access.bootstrap !== "never") return error;
  const { notInstalled } = await import("./bootstrap.ts");
  return notInstalled(error, side, program);
}

function sidesOf(
  { remote, origin, direction }: Pick<Transfer, "remote" | "origin" | "direction">,
  { access, originAccess = access }: HostOptions,
): Side[] {
  const side = (role: Side["role"], host: RemoteHost, access: HostAccess): Side => {
    return { role, host, access, mayInstall: !host.serve && mayInstall(access), path: pathOfEscp(host, access) };
  };
  const sides: Side[] = [];
  if (origin) sides.push(side("origin", origin, originAccess));
  // If escp runs on the origin, it finds escp on the other host itself.
  if (remote && direction !== "origin") sides.push(side("remote", remote, access));
  return sides;
}

function mayInstall({ bootstrap, search }: HostAccess): boolean {
  return bootstrap !== "never" && search !== undefined;
}

/** Returns the path of escp on a host: that of -D, or else where escp was installed before. */
export function pathOfEscp(host: RemoteHost, access: HostAccess): string {
  if (host.serve || !mayInstall(access)) return access.remotePath;
  const path = recallPlace(rememberedHost(host, access), VERSION, (name) => Deno.env.get(name));
  return path ?? access.remotePath;
}

function withPaths(options: HostOptions, sides: readonly Side[]): HostOptions {
  let complete = options;
  for (const { role, access, path } of sides) {
    const changed = { ...access, remotePath: path };
    complete = role === "remote" ? { ...complete, access: changed } : { ...complete, originAccess: changed };
  }
  return complete;
}
