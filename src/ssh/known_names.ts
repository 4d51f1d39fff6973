/** Names of hosts in the files of ssh, for completion. See ssh_config(5), and "SSH_KNOWN_HOSTS FILE FORMAT" in sshd(8). */

import { expandGlob, type GlobDirectories } from "../files/glob/expand.ts";
import { parseGlob } from "../files/glob/pattern.ts";
import { isAbsolutePath, joinPath } from "../files/path/local_path.ts";

/** Maximum number of configuration files, because files may include others without limit. */
const MAX_FILES = 256;
/** Size above which a file is not read. In bytes. */
const MAX_FILE_BYTES = 4 << 20;

/** Files in which names are searched for. */
export interface KnownNamesOptions {
  /** Configuration file instead of those of the user and the system (`ssh -F`). */
  readonly configFile?: string;
  /** Settings as for `ssh -o`. */
  readonly options?: readonly string[];
  /** Home directory of the user. Default: no files of the user are read. */
  readonly home?: string;
  /** Directory of the system's files. Default: /etc/ssh. */
  readonly system?: string;
}

/**
 * Returns the names and addresses of hosts in ssh_config and known_hosts, sorted; IPv6 addresses in brackets. Patterns and
 * hashed names are left out, as are names with characters that a shell or a terminal could interpret. Never throws.
 */
export async function knownHostNames(options: KnownNamesOptions): Promise<string[]> {
  const { configFile, home, system = "/etc/ssh" } = options;
  const files = new ConfigFiles(home);
  for (const option of options.options ?? []) files.readLine(option);
  if (configFile !== undefined) await files.read(configFile, home && joinPath(home, ".ssh"));
  else {
    if (home !== undefined) await files.read(joinPath(home, ".ssh/config"), joinPath(home, ".ssh"));
    await files.read(joinPath(system, "ssh_config"), system);
  }
  const usual = ["ssh_known_hosts", "ssh_known_hosts2"].map((name) => joinPath(system, name));
  const own = home === undefined ? [] : ["known_hosts", "known_hosts2"].map((name) => joinPath(home, `.ssh/${name}`));
  for (const path of [...files.userKnownHosts ?? own, ...files.globalKnownHosts ?? usual]) {
    for (const name of namesInKnownHosts(readSmall(path))) files.names.add(name);
  }
  return [...files.names].sort();
}

/** Returns the names in the text of a known_hosts file. */
export function namesInKnownHosts(text: string): string[] {
  return text.split("\n").flatMap((line) => {
    // Lines with a marker are for certificates, or for keys that are not accepted.
    const [names] = line.trim().split(/\s/, 1);
    return /^[#@|]|^$/.test(names) ? [] : names.split(",").flatMap(offered);
  });
}

/** Returns the name to offer; nothing for a pattern or a name with special characters. */
function offered(text: string): string[] {
  const name = /^\[(.+)\](?::[0-9]+)?$/.exec(text)?.[1] ?? text;
  if (/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(name)) return [name];
  return /^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(%[A-Za-z0-9_.-]+)?$/.test(name) ? [`[${name}]`] : [];
}

/** The names of hosts in files of ssh_config(5), and the known_hosts files that they name. */
class ConfigFiles {
  readonly names = new Set<string>();
  userKnownHosts: string[] | undefined;
  globalKnownHosts: string[] | undefined;
  readonly #home: string | undefined;
  readonly #read = new Set<string>();

  constructor(home: string | undefined) {
    this.#home = home;
  }

  /** @param directory Directory that included paths are relative to. */
  async read(path: string, directory: string | undefined): Promise<void> {
    // Files may include each other.
    if (this.#read.has(path) || this.#read.size === MAX_FILES) return;
    this.#read.add(path);
    for (const line of readSmall(path).split("\n")) {
      for (const included of this.readLine(line)) {
        const pattern = this.#expand(included);
        if (!isAbsolutePath(pattern) && directory === undefined) continue;
        const paths = await matching(isAbsolutePath(pattern) ? pattern : joinPath(directory!, pattern));
        for (const each of paths) await this.read(each, directory);
      }
    }
  }

  /** Reads a line. Returns the patterns of files that it includes. */
  readLine(line: string): string[] {
    const [, key, rest] = /^\s*([A-Za-z]+)(?:\s*=\s*|\s+)(.*)$/.exec(line) ?? [];
    if (key === undefined) return [];
    const words = wordsOf(rest);
    switch (key.toLowerCase()) {
      case "host":
        for (const name of words.flatMap(offered)) this.names.add(name);
        return [];
      case "include":
        return words;
      case "userknownhostsfile":
        this.userKnownHosts ??= words.map((path) => this.#expand(path));
        return [];
      case "globalknownhostsfile":
        this.globalKnownHosts ??= words.map((path) => this.#expand(path));
        return [];
      default:
        return [];
    }
  }

  #expand(path: string): string {
    return path.replace(/^(~(?=\/)|%d)/, () => this.#home ?? "~");
  }
}

/** Returns the words of a line, which may be in double quotes, before a comment. */
function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (const [, quoted, plain] of text.matchAll(/"([^"]*)"|(\S+)/g)) {
    if (plain?.startsWith("#")) break;
    words.push(quoted ?? plain);
  }
  return words;
}

/** Returns the text of a regular file; "" if it cannot be read or is too long. A FIFO would never end. */
function readSmall(path: string): string {
  try {
    const { isFile, size } = Deno.statSync(path);
    return isFile && size <= MAX_FILE_BYTES ? Deno.readTextFileSync(path) : "";
  } catch {
    return "";
  }
}

async function matching(pattern: string): Promise<string[]> {
  try {
    return await expandGlob(parseGlob(pattern), DIRECTORIES, { limit: MAX_FILES });
  } catch {
    return [];
  }
}

const DIRECTORIES: GlobDirectories = {
  list(path) {
    try {
      const entries = Array.from(Deno.readDirSync(path));
      return entries.map(({ name, isDirectory, isSymlink }) => ({ name, isDirectory, isLink: isSymlink }));
    } catch {
      return [];
    }
  },
  exists(path) {
    try {
      Deno.lstatSync(path);
      return true;
    } catch {
      return false;
    }
  },
};
