/** What copies in the benchmark: escp and what it is measured against. */

/** One thing to copy, and where everything is. */
export interface CopyPlaces {
  /** Name of the file or directory, in the source directory and in the target directory. */
  entry: string;
  direction: "push" | "pull" | "local";
  /** Whether the entry is a directory. */
  recursive: boolean;
  /** Holds the entries to copy. */
  source: string;
  /** The copy is `target/entry` after a run. */
  target: string;
  /** ssh_config with the host "testhost". */
  sshConfig: string;
  /** Absolute path of escp, used on both ends. */
  escp: string;
  /** Options for escp where its data takes a way of its own. */
  dataOptions: string[];
}

/** One way to copy. */
export interface Contender {
  name: string;
  /** Must be installed. */
  program: string;
  /** Does not cross the network: a limit to compare with. */
  local?: boolean;
  /** ESCP_ENGINE of the remote side. */
  engine?: string;
  /** Most rounds, of one that takes too long for more. */
  mostRounds?: number;
  /** Copies an entry that is so many times smaller; its times are multiplied by that. */
  shrunk?: number;
  command(places: CopyPlaces): string[];
}

/** A contender of another shape. */
type Changes = Partial<Pick<Contender, "engine" | "mostRounds" | "shrunk">>;

/** escp with these options. */
export function escp(name = "escp", options: string[] = [], changes: Changes = {}): Contender {
  return {
    name,
    program: "escp",
    command: (places) => {
      const { escp, sshConfig, dataOptions, direction } = places;
      const ssh = direction === "local" ? [] : ["-F", sshConfig, ...dataOptions];
      return [escp, "-q", ...ssh, ...options, ...recursive(places), ...operands(places)];
    },
    ...changes,
  };
}

/** scp with these options. */
export function scp(name = "scp", options: string[] = [], changes: Changes = {}): Contender {
  return {
    name,
    program: "scp",
    command: (places) => ["scp", "-q", "-F", places.sshConfig, ...options, ...recursive(places), ...operands(places)],
    ...changes,
  };
}

/** rsync with these options. */
export function rsync(name = "rsync -a", options: string[] = ["-a"], changes: Changes = {}): Contender {
  return {
    name,
    program: "rsync",
    command: (places) => ["rsync", ...options, "-e", `ssh -F ${places.sshConfig}`, ...operands(places)],
    ...changes,
  };
}

/** tar here, through ssh, and tar there. */
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

/** What this machine can do at best. */
export function cp(name = "cp, the limit"): Contender {
  return {
    name,
    program: "cp",
    local: true,
    command: ({ entry, source, target }) => ["cp", "-r", `${source}/${entry}`, `${target}/`],
  };
}

function operands({ direction, entry, source, target }: CopyPlaces): [from: string, to: string] {
  const [from, to] = [`${source}/${entry}`, `${target}/`];
  if (direction === "local") return [from, to];
  return direction === "push" ? [from, `testhost:${to}`] : [`testhost:${from}`, to];
}

function recursive(places: CopyPlaces): string[] {
  return places.recursive ? ["-r"] : [];
}
