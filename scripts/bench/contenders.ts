/** What copies in the benchmark: escp and what it is measured against. */

import type { BenchCase } from "./cases.ts";

/** Where everything is. */
export interface BenchPlaces {
  /** Holds the entries to copy. */
  source: string;
  /** Empty before each run; the copy is `target/entry` after it. */
  target: string;
  /** ssh_config with the host "testhost". */
  sshConfig: string;
  /** Absolute path of escp, used on both ends. */
  escp: string;
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
  /** Undefined where the contender has no part in the case. */
  command(item: BenchCase, places: BenchPlaces): string[] | undefined;
}

/** All contenders, in the order in which they run in each round. */
export const CONTENDERS: readonly Contender[] = [
  { name: "escp", program: "escp", command: (item, places) => escp(item, places, []) },
  {
    name: "escp, portable",
    program: "escp",
    engine: "portable",
    command: (item, places) => item.withPortable ? escp(item, places, ["--engine", "portable"]) : undefined,
  },
  { name: "scp", program: "scp", command: (item, places) => scp(item, places, []) },
  {
    name: "scp, aes128-gcm",
    program: "scp",
    command: (item, places) => scp(item, places, ["-c", "aes128-gcm@openssh.com"]),
  },
  {
    name: "rsync -a",
    program: "rsync",
    command: (item, places) => ["rsync", "-a", "-e", `ssh -F ${places.sshConfig}`, ...operands(item, places)],
  },
  { name: "tar | ssh tar", program: "tar", command: tarOverSsh },
  {
    name: "cp, the limit",
    program: "cp",
    local: true,
    command: ({ entry }, { source, target }) => ["cp", "-r", `${source}/${entry}`, `${target}/`],
  },
];

function operands({ direction, entry }: BenchCase, { source, target }: BenchPlaces): [from: string, to: string] {
  return direction === "push"
    ? [`${source}/${entry}`, `testhost:${target}/`]
    : [`testhost:${source}/${entry}`, `${target}/`];
}

function escp(item: BenchCase, places: BenchPlaces, options: string[]): string[] {
  return [places.escp, "-q", "-F", places.sshConfig, ...options, ...recursive(item), ...operands(item, places)];
}

function scp(item: BenchCase, places: BenchPlaces, options: string[]): string[] {
  return ["scp", "-q", "-F", places.sshConfig, ...options, ...recursive(item), ...operands(item, places)];
}

function recursive({ files }: BenchCase): string[] {
  return files > 1 ? ["-r"] : [];
}

function tarOverSsh({ direction, entry }: BenchCase, { source, target, sshConfig }: BenchPlaces): string[] {
  const ssh = `ssh -F ${sshConfig} testhost`;
  const [pack, unpack] = [`tar -C ${source} -cf - ${entry}`, `tar -C ${target} -xf -`];
  return ["sh", "-c", direction === "push" ? `${pack} | ${ssh} ${unpack}` : `${ssh} ${pack} | ${unpack}`];
}
