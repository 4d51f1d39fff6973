/** Client: routes to the data port of the remote end, from its hello and from the configuration of ssh. */

import type { CipherEngine } from "../../crypto/cipher.ts";
import type { Hello } from "../../protocol/control/hello.ts";
import type { ServerRoute } from "../../serve/client/peer.ts";
import type { Reach } from "../../ssh/reach.ts";
import type { SshSettings } from "../../ssh/settings.ts";
import type { ReverseListenerOptions } from "./reverse_listener.ts";
import type { Candidate } from "./dial_streams.ts";
import type { DirectPath } from "./direct_path.ts";
import { hostAddresses, isLinkLocal, withoutZone, zoneOf } from "./host_addresses.ts";
import type { ControlChannel } from "../model/control_channel.ts";
import { OF_SERVER, type Tunnel, type TunnelUse } from "../../net/tunnel.ts";

/** Options for data connections to the remote end. */
export interface DataPathOptions {
  /** Settings to reach the remote host; undefined for a peer on this machine. */
  reach?: Reach;
  /** Restricts the data connections to one family. */
  family?: 4 | 6;
  engine: CipherEngine;
  /** Reports a note about the route of the data. */
  note: (text: string) => void;
}

/** Returns addresses to connect to, the most likely first: that of ssh, the name of the host, and those in its hello. */
export function candidates(
  { addresses, port }: Pick<Hello, "addresses" | "port">,
  options: Pick<DataPathOptions, "reach" | "family">,
): Candidate[] {
  const { reach, family } = options;
  if (!reach) return [{ hostname: "127.0.0.1", port }];
  if (reach.dataAddress) return [{ hostname: reach.dataAddress.hostname, port: reach.dataAddress.port ?? port }];
  const { host } = reach.host;
  const fits = isOf(family);
  const [reached, ...others] = [...new Set(addresses)].filter(fits).map((hostname) => {
    return isLinkLocal(hostname) ? { hostname, port, lookUp: () => withZone(hostname, reach) } : { hostname, port };
  });
  const named = { hostname: host, port, lookUp: () => sshName(reach, fits) };
  return [...(reached ? [reached] : []), named, ...others.filter(({ hostname }) => hostname !== host)];
}

/** Returns addresses of this machine, the most likely first: the one that ssh came from, and those of interfaces. */
export function ownPlaces(
  { client }: Pick<Hello, "client">,
  { reach, family }: Pick<DataPathOptions, "reach" | "family">,
): ReverseListenerOptions["places"] {
  if (reach?.dataAddress) return [reach.dataAddress];
  const addresses = [...(client === undefined ? [] : [client]), ...hostAddresses(undefined)];
  return [...new Set(addresses)].filter(isOf(family)).map((hostname) => ({ hostname }));
}

/**
 * Returns how data may go through ssh; undefined if it must not.
 *
 * @param direct the route that is tried before.
 * @param control carries a stream if nothing else works; undefined if the remote end does not support that.
 * @param isProxied returns whether ssh reaches the host through another one, so that no port can be opened for this machine.
 */
export function tunnelUse(
  { port }: Pick<Hello, "port">,
  { reach, note, engine }: DataPathOptions,
  direct: DirectPath,
  control: ControlChannel | undefined,
  isProxied: () => Promise<boolean>,
): TunnelUse | undefined {
  if (!reach || reach.tunnel === "never") return undefined;
  let hasMore = true;
  let throughSsh: ((failed: readonly string[]) => Promise<Tunnel | undefined>) | undefined;
  return {
    advice: "let ssh log in again without a password (ControlMaster in ssh_config)",
    always: reach.tunnel === "always",
    async find(failed) {
      if (!hasMore) return undefined;
      const { sshTunnels } = await import("../../ssh/tunnels.ts");
      throughSsh ??= sshTunnels(reach, port, { native: engine.name === "native" });
      const tunnel = await throughSsh(failed);
      if (tunnel) return tunnel;
      hasMore = false;
      return control && (await import("../tunnel/carried_streams.ts")).controlTunnel(control);
    },
    async onUsed({ name }, failures) {
      const { host } = reach.host;
      if (await isProxied()) return note(`Data goes through ssh (${name}), because ${host} is behind a jump host`);
      const why = failures.length > 0 ? ` (${failures.map(oneLine).join("; ")})` : "";
      note(
        `Data goes through ssh (${name}), because ${direct.messages.reason(host)}${why}. ` +
          `${direct.messages.opening(host)} to go faster`,
      );
    },
  };
}

/**
 * Returns how data may go through the port of a server, and then through the control channel; undefined if it must not.
 *
 * @param direct the route that is tried before.
 * @param control as of `tunnelUse`.
 */
export function serverTunnelUse(
  route: ServerRoute,
  { reach, note }: Pick<DataPathOptions, "reach" | "note">,
  direct: DirectPath,
  control: ControlChannel | undefined,
): TunnelUse | undefined {
  if (reach?.tunnel === "never" && !route.onePort) return undefined;
  let tried = 0;
  return {
    always: route.onePort || reach?.tunnel === "always",
    async find() {
      tried++;
      if (tried === 1) return (await import("../../serve/client/port_tunnel.ts")).serverPortTunnel(route);
      if (tried > 2 || !control) return undefined;
      const tunnel = (await import("../tunnel/carried_streams.ts")).controlTunnel(control);
      return { ...tunnel, name: `the control channel${OF_SERVER}` };
    },
    onUsed({ name }, failures) {
      const why = failures.length > 0 ? ` (${failures.map(oneLine).join("; ")})` : "";
      note(`Data goes through ${name}, because ${direct.messages.reason(route.host)}${why}`);
    },
  };
}

/**
 * Returns a link-local address with the zone by which ssh reaches the host. The remote end names its own zone, or none, which
 * has no meaning on this machine.
 */
async function withZone(address: string, reach: Reach): Promise<string | undefined> {
  const zone = zoneOf(reach.host.host) ?? zoneOf((await settingsOf(reach)).hostname ?? "");
  return zone && withoutZone(address) + zone;
}

/** Returns a function that finds out whether ssh reaches the host through another host or program. */
export function proxyCheck(reach: Reach | undefined): () => Promise<boolean> {
  return async () => reach !== undefined && (await settingsOf(reach)).isProxied;
}

/** Joins the lines of a message of ssh. */
function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, ", ");
}

/** Returns HostName of the ssh configuration. Called only if the address that ssh has reached does not work. */
async function sshName(reach: Reach, fits: (name: string) => boolean): Promise<string | undefined> {
  const { hostname } = await settingsOf(reach);
  return hostname !== undefined && fits(hostname) ? hostname : undefined;
}

async function settingsOf(reach: Reach): Promise<SshSettings> {
  if (reach.host.serve) return { ciphers: [], isProxied: false };
  const { sshSettingsOf } = await import("../../ssh/settings.ts");
  return await sshSettingsOf(reach);
}

/** Returns a filter for names and for addresses of a family. */
function isOf(family: 4 | 6 | undefined): (name: string) => boolean {
  return (name) => family === undefined || !isAddress(name) || (family === 6) === name.includes(":");
}

function isAddress(name: string): boolean {
  return name.includes(":") || /^\d+\.\d+\.\d+\.\d+$/.test(name);
}
