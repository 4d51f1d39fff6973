/** What the configuration files mean together: for a copy that is started here, and for a session from elsewhere. */

import { matchesGlobPath } from "../files/glob/match_path.ts";
import type { Config, Direction, Settings } from "./config.ts";
import type { Configs } from "./config_files.ts";
import { mergeOptions } from "./merge_options.ts";
import { choosePorts, type PortRange } from "./port_range.ts";

/** What the host of the receiving end sets, whatever the client asks for. */
export interface HostLimits {
  /** The directory that confines the session; may begin with "~". */
  readonly root?: string;
  /** What clients may do here; undefined: both. */
  readonly allow?: readonly Direction[];
  /** The ports to listen on; undefined where the client, or else the system, may choose. */
  readonly ports?: PortRange;
  readonly cpumask?: readonly number[];
  readonly nodemask?: readonly number[];
}

/**
 * What holds for a copy to or from a host: the file of the system, then that of the user. Within a file first what is
 * said for all hosts, then each entry of `hosts:` that matches, in its order. What comes later replaces what came
 * before, key by key; a list is replaced as a whole.
 *
 * @param host As the user types it, without user and port; upper and lower case are the same. Undefined for a local
 * copy, which no entry of `hosts:` is for.
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
 * What the receiving end keeps to. Here the file of the system comes first: the user's own fills in only what that
 * leaves open, so that nobody gets out of a `root` by a file that lies in it. `hosts:` is not asked: the other host is
 * not known by name.
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
