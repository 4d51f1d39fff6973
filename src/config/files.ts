/** Finds and reads configuration files. */

import { quotePath, UsageError } from "../errors.ts";
import { codeOf, failedDeno } from "../files/stat/file_failure.ts";
import type { Config, KeyTable } from "./config.ts";

/** Maximum size of a file in bytes, far more than a user writes by hand. */
const MAX_BYTES = 1 << 20;

/** Paths of the configuration files of this machine. */
export interface ConfigPaths {
  /** File of the administrator. */
  readonly system: string;
  /** File of the user; undefined without a home directory. */
  readonly user?: string;
}

/** Files of this machine, in the order of increasing precedence. */
export interface Configs {
  readonly system?: Config;
  readonly user?: Config;
}

/**
 * Returns the paths of the files: /etc/escp.conf and $XDG_CONFIG_HOME/escp/config.yaml, by default in ~/.config. On Windows,
 * %ProgramData%\escp and %APPDATA%\escp. A relative $XDG_CONFIG_HOME is ignored, as its specification requires.
 */
export function configPaths(env: (name: string) => string | undefined, windows: boolean): ConfigPaths {
  if (windows) {
    const directory = configDirectory(env, windows);
    return {
      system: `${env("ProgramData") || "C:\\ProgramData"}\\escp\\escp.conf`,
      user: directory && `${directory}\\config.yaml`,
    };
  }
  const directory = configDirectory(env, windows);
  return { system: "/etc/escp.conf", user: directory && `${directory}/config.yaml` };
}

/** Returns the directory of the user's configuration; undefined without a home directory. */
export function configDirectory(env: (name: string) => string | undefined, windows: boolean): string | undefined {
  if (windows) {
    const user = env("APPDATA");
    return user && `${user}\\escp`;
  }
  const xdg = env("XDG_CONFIG_HOME");
  const home = env("HOME");
  const directory = xdg?.startsWith("/") ? xdg : home && `${home}/.config`;
  return directory ? `${directory}/escp` : undefined;
}

/**
 * Reads the files. A missing file is not an error; an unreadable one is.
 *
 * @throws {UsageError}
 */
export async function readConfigs(paths: ConfigPaths, table: KeyTable): Promise<Configs> {
  const system = await readConfig(paths.system, table);
  const user = paths.user === undefined ? undefined : await readConfig(paths.user, table);
  return { system, user };
}

async function readConfig(path: string, table: KeyTable): Promise<Config | undefined> {
  const text = readText(path);
  if (text === undefined) return undefined;
  const { parseConfig } = await import("./parse_config.ts");
  return await parseConfig(text, path, table);
}

function readText(path: string): string | undefined {
  let bytes: Uint8Array;
  try {
    bytes = readBytes(path);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    const { message, hint } = failedDeno("read", path, error);
    throw new UsageError(message, { hint, cause: error });
  }
  if (bytes.length > MAX_BYTES) throw new UsageError(`Cannot read ${quotePath(path)}: it is larger than 1 MiB`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new UsageError(`Cannot read ${quotePath(path)}: it is not UTF-8 text`, { cause });
  }
}

/** Reads at most one byte more than is allowed. */
function readBytes(path: string): Uint8Array {
  using file = Deno.openSync(path, { read: true });
  const buffer = new Uint8Array(MAX_BYTES + 1);
  let length = 0;
  for (let count: number | null = 1; count && length < buffer.length; length += count ?? 0) {
    count = file.readSync(buffer.subarray(length));
  }
  return buffer.subarray(0, length);
}
