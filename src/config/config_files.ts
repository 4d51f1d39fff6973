/** Where configuration files are, and reading them. */

import { quotePath, UsageError } from "../errors.ts";
import { codeOf, failedDeno } from "../files/stat/file_failure.ts";
import type { Config, KeyTable } from "./config.ts";

/** Most bytes of a file: far more than anybody writes by hand. */
const MAX_BYTES = 1 << 20;

export interface ConfigPaths {
  /** What the administrator of the machine says. */
  readonly system: string;
  /** What its user says; undefined without a home directory. */
  readonly user?: string;
}

/** What holds on this machine, in the order in which it is to be applied. */
export interface Configs {
  readonly system?: Config;
  readonly user?: Config;
}

/**
 * Where the files would be: /etc/escp.conf and $XDG_CONFIG_HOME/escp/config.yaml, by default in ~/.config. On Windows
 * in %ProgramData%\escp and %APPDATA%\escp. A relative $XDG_CONFIG_HOME is ignored, as its specification says.
 */
export function configPaths(env: (name: string) => string | undefined, windows: boolean): ConfigPaths {
  if (windows) {
    const user = env("APPDATA");
    return {
      system: `${env("ProgramData") || "C:\\ProgramData"}\\escp\\escp.conf`,
      user: user && `${user}\\escp\\config.yaml`,
    };
  }
  const xdg = env("XDG_CONFIG_HOME");
  const home = env("HOME");
  const directory = xdg?.startsWith("/") ? xdg : home && `${home}/.config`;
  return { system: "/etc/escp.conf", user: directory ? `${directory}/escp/config.yaml` : undefined };
}

/**
 * Reads the files that are there. One that is missing is no error; one that cannot be read is.
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

/** At most one byte more than is allowed. */
function readBytes(path: string): Uint8Array {
  using file = Deno.openSync(path, { read: true });
  const buffer = new Uint8Array(MAX_BYTES + 1);
  let length = 0;
  for (let count: number | null = 1; count && length < buffer.length; length += count ?? 0) {
    count = file.readSync(buffer.subarray(length));
  }
  return buffer.subarray(0, length);
}
