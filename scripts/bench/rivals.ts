/** Other parallel tools as contenders of the benchmark, if the user has installed them. */

import { quoteWord } from "../../src/ssh/shell_quote.ts";
import { type Contender, type CopyPlaces, sourcePath } from "./contenders.ts";

/** Number of data connections of each rival, as many as escp opens on loopback. */
const STREAMS = 4;

/** Returns the command of a rival whose executable has this path at both ends. */
type RivalCommand = (path: string, places: CopyPlaces) => string[];

/** Rivals by their names in `--with`. */
const RIVALS = {
  syq: { title: `syq, ${STREAMS} workers`, pushOnly: false, command: syq },
  esnet: { title: "EScp of ESnet", pushOnly: true, command: esnet },
  wdt: { title: "WDT, no fsync", pushOnly: false, command: wdt },
} satisfies Record<string, { title: string; pushOnly: boolean; command: RivalCommand }>;

/** Name of a rival in `--with`. */
export type RivalName = keyof typeof RIVALS;

const NAMES = Object.keys(RIVALS) as RivalName[];

/**
 * Parses the values of `--with`, such as "syq=/opt/syq,wdt=/opt/wdt".
 *
 * @throws {Error} for a word that is not NAME=PATH, an unknown name, and a name that is given twice.
 */
export function parseRivals(values: readonly string[]): Map<RivalName, string> {
  const paths = new Map<RivalName, string>();
  for (const word of values.flatMap((value) => value.split(","))) {
    const [, name, path] = /^([^=]*)=(.+)$/.exec(word) ?? [];
    if (path === undefined) throw new Error(`Cannot read "${word}" in --with: write it as NAME=PATH`);
    if (!isRivalName(name)) throw new Error(`Unknown name "${name}" in --with: use ${NAMES.join(", ")}`);
    if (paths.has(name)) throw new Error(`--with names ${name} twice`);
    paths.set(name, path);
  }
  return paths;
}

function isRivalName(name: string): name is RivalName {
  return Object.hasOwn(RIVALS, name);
}

/** Rivals of a run. */
export interface FoundRivals {
  contenders: Contender[];
  /** Rivals that do not take part, with the reason. */
  skipped: { name: RivalName; reason: string }[];
}

/** Finds the executables of the rivals. Those that are missing are skipped. */
export async function findRivals(paths: ReadonlyMap<RivalName, string>): Promise<FoundRivals> {
  const found: FoundRivals = { contenders: [], skipped: [] };
  for (const name of NAMES) {
    const path = paths.get(name);
    if (path === undefined) found.skipped.push({ name, reason: "not given in --with" });
    else if (!await isFile(path)) found.skipped.push({ name, reason: `there is no file ${path}` });
    else found.contenders.push(rival(name, await Deno.realPath(path)));
  }
  return found;
}

async function isFile(path: string): Promise<boolean> {
  return await Deno.stat(path).then((info) => info.isFile, () => false);
}

/** Returns a rival as a contender. @param path Absolute path of its executable, at both ends. */
export function rival(name: RivalName, path: string): Contender {
  const { title, pushOnly, command } = RIVALS[name];
  return { name: title, program: path, pushOnly, command: (places) => command(path, places) };
}

function syq(path: string, places: CopyPlaces): string[] {
  const { direction, recursive, sshConfig, target } = places;
  const select = [recursive ? "--src-dir" : "--src-non-dir", sourcePath(places)];
  return [
    ...[path, "cp", "-q", "--rsh", `ssh -F ${sshConfig}`, "--syq-path", path],
    ...["--performance-tuning", `workers=${STREAMS}`],
    ...(direction === "pull" ? ["--from", "testhost", ...select] : [...select, "--to", "testhost"]),
    ...["--into", target],
  ];
}

/** EScp does not resolve the aliases of ssh. */
function esnet(path: string, places: CopyPlaces): string[] {
  const { recursive, sshConfig, port, target } = places;
  return [
    ...[path, "-q", "-F", sshConfig, "-P", `${port}`, "-D", path],
    ...["--escp_port", "12320", "--escp_portrange", "40", "-t", `${STREAMS}`],
    ...(recursive ? ["-r"] : []),
    ...[sourcePath(places), `127.0.0.1:${target}/`],
  ];
}

/** WDT copies the contents of a directory. The receiver starts first and prints a URL, which the sender reads. */
function wdt(path: string, { direction, source, target, sshConfig, libcrypto }: CopyPlaces): string[] {
  const library = libcrypto && libcrypto.slice(0, libcrypto.lastIndexOf("/"));
  const program = [...(library ? ["env", `LD_LIBRARY_PATH=${library}`] : []), path];
  const receive = [
    ...[...program, "-num_ports", `${STREAMS}`, "-encryption_type", "aes128gcm", "-overwrite"],
    ...["-fsync=false", "-disk_sync_interval_mb=-1", "-directory", target],
  ];
  const send = [...program, "-encryption_type", "aes128gcm", "-directory", source, "-"];
  const line = (words: string[]) => words.map(quoteWord).join(" ");
  const remote = (words: string[]) => line(["ssh", "-F", sshConfig, "testhost", line(words)]);
  return [
    "sh",
    "-c",
    direction === "pull" ? `${line(receive)} | ${remote(send)}` : `${remote(receive)} | ${line(send)}`,
  ];
}
