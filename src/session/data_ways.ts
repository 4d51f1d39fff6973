/** Client: the ways to the data port of the remote end, as it tells them and as ssh knows them. */

import type { Hello } from "../protocol/hello.ts";
import type { Reach } from "../ssh/reach.ts";
import { type Candidate, portsToOpen } from "./connect_streams.ts";
import type { ControlChannel } from "./control_channel.ts";
import type { TunnelUse } from "./tunnel.ts";

/** What is known of the way to the other end. */
export interface WayOptions {
  /** How the other host is reached; undefined for a local peer. */
  reach?: Reach;
  /** Restricts the data connections to one family. */
  family?: 4 | 6;
  /** Hears what the user should know of the way that the data takes. */
  tell: (note: string) => void;
}

/** Where to connect to, the most likely first: what ssh has reached, what ssh calls the host, and what it calls itself. */
export function candidates({ addresses, port }: Pick<Hello, "addresses" | "port">, options: WayOptions): Candidate[] {
  const { reach, family } = options;
  if (!reach) return [{ hostname: "127.0.0.1", port }];
  if (reach.dataAddress) return [{ hostname: reach.dataAddress.hostname, port: reach.dataAddress.port ?? port }];
  const { host } = reach.host;
  const fits = (name: string) => family === undefined || !isAddress(name) || (family === 6) === name.includes(":");
  const [reached, ...others] = [...new Set(addresses)].filter(fits).map((hostname) => ({ hostname, port }));
  const named = { hostname: host, port, lookUp: () => sshName(reach, fits) };
  return [...(reached ? [reached] : []), named, ...others.filter(({ hostname }) => hostname !== host)];
}

/**
 * How the data goes through ssh, where it may.
 *
 * @param control carries streams when nothing else does; undefined where the other end cannot.
 */
export function tunnelUse(
  { port }: Pick<Hello, "port">,
  { reach, tell }: WayOptions,
  control: ControlChannel | undefined,
): TunnelUse | undefined {
  if (!reach || reach.tunnel === "never") return undefined;
  let left = true;
  return {
    always: reach.tunnel === "always",
    async find(failed) {
      if (!left) return undefined;
      const { sshTunnel } = await import("../ssh/ssh_tunnels.ts");
      const tunnel = await sshTunnel(reach, port, failed);
      if (tunnel) return tunnel;
      left = false;
      return control && (await import("./carried_streams.ts")).controlTunnel(control);
    },
    used({ name }, failures) {
      const why = failures.length > 0 ? ` (${failures.join("; ")})` : "";
      tell(
        `Data goes through ssh (${name}), as its port cannot be reached${why}. ` +
          `${portsToOpen(port)} of ${reach.host.host} for this machine to go faster`,
      );
    },
  };
}

/** The host as ssh's configuration has it (HostName); asked only when the address that ssh reached was of no use. */
async function sshName(reach: Reach, fits: (name: string) => boolean): Promise<string | undefined> {
  const { hostname } = await (await import("../ssh/ssh_settings.ts")).readSshSettings(reach.ssh, reach.host);
  return hostname !== undefined && fits(hostname) ? hostname : undefined;
}

function isAddress(name: string): boolean {
  return name.includes(":") || /^\d+\.\d+\.\d+\.\d+$/.test(name);
}
