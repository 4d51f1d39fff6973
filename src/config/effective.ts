/** Merges configuration files: for copies that this machine starts, and for sessions of clients. */

import { matchesGlobPath } from "../files/glob/match_path.ts";
import type { Config, Direction, Settings } from "./config.ts";
import type { Configs } from "./files.ts";
import { mergeOptions } from "./merge_options.ts";
import type { PortRange } from "../ssh/port_range.ts";
import { choosePorts } from "./port_range.ts";

/** Limits that a host sets for all clients. */
export interface HostLimits {
  /** Directory that confines sessions; may start with "~". */
  readonly root?: string;
  /** As in `SessionLimits`. */
  readonly isServed?: boolean;
  /** Directions that clients may use. Default: both. */
  readonly allow?: readonly Direction[];
  /** Maximum rate of a session, in bytes per second. Default: unlimited. */
  readonly bytesPerSecond?: number;
  /** Ports to listen on. Default: those of the client, or else chosen by the system. */
  readonly ports?: PortRange;
  readonly cpumask?: readonly number[];
  readonly nodemask?: readonly number[];
}

/**
 * Returns the settings for copies to or from a host. The file of the user overrides the file of the system. Within a file, each
 * matching entry of `hosts:`, in order, overrides the settings for all hosts. Settings are replaced key by key; a list is replaced
 * as a whole.
 *
 * @param host as the user types it, without user and port; case is ignored. Undefined for a local copy, for which entries of
 * `hosts:` do not apply.
 */
export function settingsFor({ system, user }: Configs, host?: string): Settings {
  const layers = [system, user].flatMap((config) => config ? [config, ...hostSettings(config, host)] : []);
  let merged: Settings = { options: {} };
  for (const { options, cpumask, nodemask } of layers) {
    merged = {
      options: mergeOptions(merged.options, options),
      cpumask: cpumask ?? merged.cpumask,
      nodemask: nodemask ?? merged.nodemask,
    };
  }
  return merged;
}

/**
 * Returns the limits of the remote end. The file of the system takes precedence: a client that may write the file of the user could
 * otherwise escape `root`. Entries of `hosts:` do not apply, because the client is not known by name.
 */
export function limitsOf({ system, user }: Configs): HostLimits {
  return {
    root: system?.root ?? user?.root,
    allow: system?.allow ?? user?.allow,
    ports: portsOf(system) ?? portsOf(user),
    cpumask: system?.cpumask ?? user?.cpumask,
    nodemask: system?.nodemask ?? user?.nodemask,
  };
}

function portsOf(config: Config | undefined): PortRange | undefined {
  const port = config?.options["escp-port"];
  const range = config?.options["escp-portrange"];
  return choosePorts(port === undefined ? undefined : Number(port), range === undefined ? undefined : String(range));
}

function hostSettings(config: Config, host: string | undefined): Settings[] {
  if (host === undefined) return [];
  return config.hosts.filter(({ pattern }) => matchesGlobPath(pattern, host.toLowerCase()));
}
