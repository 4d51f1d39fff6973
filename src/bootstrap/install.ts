/** Installs escp on a host: examines the host, chooses the executable, sends it, and has it checked. */

import { StartError } from "../errors.ts";
import { TemporaryNames } from "../files/path/temporary_names.ts";
import { type Executable, type ExecutablePlaces, findExecutable } from "./executables.ts";
import { installScript } from "./install_script.ts";
import {
  type InstallFacts,
  type InstallSession,
  type InstallSessionOptions,
  withInstallSession,
} from "./install_session.ts";
import { olderVersions } from "./older_versions.ts";
import { executableName, systemOf } from "./system.ts";

/** Options of an installation. */
export interface InstallOptions extends InstallSessionOptions {
  /** Directory on the host. Default: a private one in the user's cache directory. */
  directory?: string;
  places: ExecutablePlaces;
  /** Returns whether an executable of this size may be installed in the directory. Called after all other checks. */
  agree: (plan: { directory: string; bytes: number }) => Promise<boolean>;
  /** Called with the number of bytes sent so far. Not called if nothing has to be sent. */
  sent: (bytes: number, total: number) => void;
  /** Whether to remove older versions from the user's cache directory after success. */
  removesOlder?: boolean;
}

/** An installed escp. */
export interface Installed {
  path: string;
  /** Size of the executable; 0 if the same one was already installed. */
  uploadedBytes: number;
  /** Older versions that were removed. */
  removed: string[];
}

/**
 * Installs escp on a host, unless the same executable is already installed.
 *
 * @returns undefined if `agree` returned false.
 * @throws {StartError} if escp cannot be installed.
 */
export async function install(options: InstallOptions): Promise<Installed | undefined> {
  return await withInstallSession("install", options, (session) => run(session, options));
}

async function run(session: InstallSession, options: InstallOptions): Promise<Installed | undefined> {
  const { command, directory, places } = options;
  // The name of a temporary file, so that --clean removes the file of an abandoned installation.
  const unfinished = new TemporaryNames("install").next();
  const facts = await session.begin(installScript({ version: places.version, directory }, unfinished));
  const executable = await choose(facts, places, command.name, {
    // Without an executable to compare with, only a program in the user's own cache may be run for its version.
    trusts: async () => directory === undefined && (await session.version()).startsWith(`escp ${places.version}`),
  });
  // The script has checked the cache directory only if it installs there.
  const older = options.removesOlder && directory === undefined ? olderVersions(facts.versions, places.version) : [];
  if (older.length > 0) await session.markOld(older);
  if (executable === undefined) {
    if (older.length > 0) await session.finish();
    return { path: `${facts.directory}/escp`, uploadedBytes: 0, removed: session.removed };
  }
  if (!await options.agree({ directory: facts.directory, bytes: executable.contents.length })) return undefined;
  const { length } = executable.contents;
  const sent = (bytes: number) => options.sent(bytes, length);
  sent(0);
  const path = await session.send(executable, { gzip: facts.gzip, sent });
  return { path, uploadedBytes: length, removed: session.removed };
}

/** Returns the executable to send; undefined if it is already installed. */
async function choose(
  facts: InstallFacts,
  places: ExecutablePlaces,
  name: string,
  { trusts }: { trusts: () => Promise<boolean> },
): Promise<Executable | undefined> {
  const { installed } = facts;
  const found = systemOf(facts);
  const executable = "system" in found ? await findExecutable(found.system, places) : undefined;
  if (installed) {
    const isComparable = executable !== undefined && installed.sum !== undefined;
    if (isComparable ? installed.sum === executable.sum : await trusts()) return undefined;
  }
  if (executable) return executable;
  if ("problem" in found) {
    throw new StartError(`Cannot install escp on ${name}: ${found.problem}`, {
      hint: "Run escp from source with a Deno for that system, and name the script that starts it with -D PATH",
    });
  }
  throw new StartError(`Cannot install escp on ${name}: there is no executable for ${found.system} on this machine`, {
    hint: `Put ${executableName(places.version, found.system)} and its SHA256SUMS into the directory of this escp, ` +
      "or name their directory with --binaries DIR",
  });
}
