/** Contenders of the benchmark: escp and other programs. */

import type { ServeHost } from "./serve_host.ts";

/** A copy to run. */
export interface CopyPlaces {
  /** Name of the file or directory in the source directory and the target directory. */
  entry: string;
  direction: "push" | "pull" | "local";
  /** Whether the entry is a directory. */
  recursive: boolean;
  /** Directory with the entries to copy. */
  source: string;
  /** Directory of the copy, which is `target/entry`. */
  target: string;
  /** ssh_config with the host "testhost". */
  sshConfig: string;
  /** Port of the ssh server. */
  port: number;
  /** Absolute path of escp, used on both ends. */
  escp: string;
  /** Options of escp for the network of its data. */
  dataOptions: string[];
  /** Path of the libcrypto for both ends. Default: that of the system. */
  libcrypto?: string;
  /** `escp --serve`, whose root is the parent of `target`. */
  serve?: ServeHost;
}

/** A program with options. */
export interface Contender {
  name: string;
  /** Program that must be installed: a name, or an absolute path. */
  program: string;
  /** Whether it does not use the network and only shows a limit. */
  local?: boolean;
  /** Whether it cannot copy from a remote host. */
  pushOnly?: boolean;
  /** ESCP_ENGINE of the remote host. */
  engine?: string;
  /** Maximum number of rounds of a slow contender. */
  maxRounds?: number;
  /** Factor by which its data is smaller. Its times are multiplied by it. */
  shrunk?: number;
  command(places: CopyPlaces): string[];
}

/** Settings of a contender that does not run as usual. */
type Settings = Partial<Pick<Contender, "engine" | "maxRounds" | "shrunk">>;

/** Returns escp with these options. */
export function escp(name = "escp", options: string[] = [], settings: Settings = {}): Contender {
  return {
    name,
    program: "escp",
    command: (places) => {
      const { escp, sshConfig, dataOptions, direction } = places;
      const ssh = direction === "local" ? [] : ["-F", sshConfig, ...dataOptions];
      return [escp, "-q", ...ssh, ...options, ...recursive(places), ...operands(places)];
    },
    ...settings,
  };
}

/** Returns escp with a server in place of ssh, in a case with a server. */
export function served(): Contender {
  return {
    name: "escp, without ssh",
    program: "escp",
    command(places) {
      const { escp, serve, target } = places;
      const to = `${serve!.url}${target.slice(target.lastIndexOf("/") + 1)}/`;
      return [escp, "-q", ...serve!.options, ...recursive(places), sourcePath(places), to];
    },
  };
}

/** Returns escp with --report, which is written beside the copy. */
export function reporting(): Contender {
  return {
    name: "escp --report",
    program: "escp",
    command(places) {
      const [command, ...args] = escp().command(places);
      return [command, "--report", `${places.target}/report.html`, ...args];
    },
  };
}

/** Returns escp with --mirror, whose target is the copy itself. */
export function mirror(): Contender {
  return {
    name: "escp --mirror",
    program: "escp",
    command(places) {
      const [from, to] = operands(places);
      return [places.escp, "-q", "-F", places.sshConfig, ...places.dataOptions, "--mirror", from, to + places.entry];
    },
  };
}

/** Returns scp with these options. */
export function scp(name = "scp", options: string[] = [], settings: Settings = {}): Contender {
  return {
    name,
    program: "scp",
    command: (places) => ["scp", "-q", "-F", places.sshConfig, ...options, ...recursive(places), ...operands(places)],
    ...settings,
  };
}

/** Returns rsync with these options. */
export function rsync(name = "rsync -a", options: string[] = ["-a"], settings: Settings = {}): Contender {
  return {
    name,
    program: "rsync",
    command: (places) => ["rsync", ...options, "-e", `ssh -F ${places.sshConfig}`, ...operands(places)],
    ...settings,
  };
}

/** Returns tar at both ends, joined by ssh. */
export function tar(name = "tar | ssh tar", options = ""): Contender {
  return {
    name,
    program: "tar",
    command: ({ direction, entry, source, target, sshConfig }) => {
      const ssh = `ssh -F ${sshConfig} testhost`;
      const [pack, unpack] = [`tar ${options} -C ${source} -cf - ${entry}`, `tar -C ${target} -xf -`];
      return ["sh", "-c", direction === "pull" ? `${ssh} ${pack} | ${unpack}` : `${pack} | ${ssh} ${unpack}`];
    },
  };
}

/** Returns the local limit of this machine. */
export function cp(name = "cp, the limit"): Contender {
  return {
    name,
    program: "cp",
    local: true,
    command: ({ entry, source, target }) => ["cp", "-r", `${source}/${entry}`, `${target}/`],
  };
}

/** Returns the path of the entry to copy. */
export function sourcePath({ source, entry }: CopyPlaces): string {
  return `${source}/${entry}`;
}

function operands(places: CopyPlaces): [from: string, to: string] {
  const { direction, target } = places;
  const [from, to] = [sourcePath(places), `${target}/`];
  if (direction === "local") return [from, to];
  return direction === "push" ? [from, `testhost:${to}`] : [`testhost:${from}`, to];
}

function recursive(places: CopyPlaces): string[] {
  return places.recursive ? ["-r"] : [];
}
