/** Client: the ways to the data port of the remote end, as it tells them and as ssh knows them. */

import type { CipherEngine } from "../../crypto/cipher.ts";
import type { Hello } from "../../protocol/control/hello.ts";
import type { Reach } from "../../ssh/reach.ts";
import type { ReverseListenerOptions } from "./reverse_listener.ts";
import type { Candidate } from "./dial_streams.ts";
import type { DirectPath } from "./direct_path.ts";
import { hostAddresses } from "./host_addresses.ts";
import type { ControlChannel } from "../model/control_channel.ts";
import type { Tunnel, TunnelUse } from "../../net/tunnel.ts";

/** What is known of the way to the other end. */
export interface DataPathOptions {
  /** How the other host is reached; undefined for a local peer. */
  reach?: Reach;
  /** Restricts the data connections to one family. */
  family?: 4 | 6;
  engine: CipherEngine;
  /** Hears what the user should know of the way that the data takes. */
  tell: (note: string) => void;
}

/** Where to connect to, the most likely first: what ssh has reached, what ssh calls the host, and what it calls itself. */
export function candidates(
  { addresses, port }: Pick<Hello, "addresses" | "port">,
  options: Pick<DataPathOptions, "reach" | "family">,
): Candidate[] {
  const { reach, family } = options;
  if (!reach) return [{ hostname: "127.0.0.1", port }];
  if (reach.dataAddress) return [{ hostname: reach.dataAddress.hostname, port: reach.dataAddress.port ?? port }];
  const { host } = reach.host;
  const fits = isOf(family);
  const [reached, ...others] = [...new Set(addresses)].filter(fits).map((hostname) => ({ hostname, port }));
  const named = { hostname: host, port, lookUp: () => sshName(reach, fits) };
  return [...(reached ? [reached] : []), named, ...others.filter(({ hostname }) => hostname !== host)];
}

/** Where the remote end may find this machine, the most likely first: as ssh came from, and as it calls itself. */
export function ownPlaces(
  { client }: Pick<Hello, "client">,
  { reach, family }: Pick<DataPathOptions, "reach" | "family">,
): ReverseListenerOptions["places"] {
  if (reach?.dataAddress) return [reach.dataAddress];
  const addresses = [...(client === undefined ? [] : [client]), ...hostAddresses(undefined)];
  return [...new Set(addresses)].filter(isOf(family)).map((hostname) => ({ hostname }));
}

/**
 * How the data goes through ssh, where it may.
 *
 * @param direct the way that is tried before.
 * @param control carries streams when nothing else does; undefined where the other end cannot.
 */
export function tunnelUse(
  { port }: Pick<Hello, "port">,
  { reach, tell, engine }: DataPathOptions,
  direct: DirectPath,
  control: ControlChannel | undefined,
): TunnelUse | undefined {
  if (!reach || reach.tunnel === "never") return undefined;
  let left = true;
  let throughSsh: ((failed: readonly string[]) => Promise<Tunnel | undefined>) | undefined;
  return {
    always: reach.tunnel === "always",
    async find(failed) {
      if (!left) return undefined;
      const { sshTunnels } = await import("../../ssh/ssh_tunnels.ts");
      throughSsh ??= sshTunnels(reach, port, { native: engine.name === "native" });
      const tunnel = await throughSsh(failed);
      if (tunnel) return tunnel;
      left = false;
      return control && (await import("../tunnel/carried_streams.ts")).controlTunnel(control);
    },
    onUsed({ name }, failures) {
      const why = failures.length > 0 ? ` (${failures.join("; ")})` : "";
      tell(
        `Data goes through ssh (${name}), as ${direct.words.reason}${why}. ` +
          `${direct.words.opening(reach.host.host)} to go faster`,
      );
    },
  };
}

/** The host as ssh's configuration has it (HostName); asked only when the address that ssh reached was of no use. */
async function sshName(reach: Reach, fits: (name: string) => boolean): Promise<string | undefined> {
  const { hostname } = await (await import("../../ssh/ssh_settings.ts")).readSshSettings(reach.ssh, reach.host);
  return hostname !== undefined && fits(hostname) ? hostname : undefined;
}

/** Whether a name may be connected to where one family is asked for. */
function isOf(family: 4 | 6 | undefined): (name: string) => boolean {
  return (name) => family === undefined || !isAddress(name) || (family === 6) === name.includes(":");
}

function isAddress(name: string): boolean {
  return name.includes(":") || /^\d+\.\d+\.\d+\.\d+$/.test(name);
}
