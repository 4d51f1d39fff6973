/** Puts escp onto a host, the story: look there, choose the executable, send it, have it checked. */

import { StartError } from "../errors.ts";
import { TemporaryNames } from "../files/path/temporary_names.ts";
import type { PeerCommand } from "../session/model/peer_process.ts";
import { type Executable, type ExecutablePlaces, findExecutable } from "./executables.ts";
import { installScript } from "./install_script.ts";
import { type InstallFacts, InstallSession, type Patience } from "./install_session.ts";
import { executableName, systemOf } from "./system.ts";

/** What is put where. */
export interface InstallOptions {
  /** ssh with `sh` as the remote command. */
  command: PeerCommand;
  /** The directory there; undefined: a private one below the user's cache directory. */
  directory?: string;
  places: ExecutablePlaces;
  patience: Patience;
  /** Whether an executable of so many bytes may be put into the directory; asked when all else is known. */
  agree: (plan: { directory: string; bytes: number }) => Promise<boolean>;
  /** Hears how many bytes of how many are on their way; not where nothing has to be sent. */
  sent: (bytes: number, total: number) => void;
  /** Ends it early; its reason is thrown. */
  signal: AbortSignal;
}

/** Where escp is on the host now. */
export interface Installed {
  path: string;
  /** What went through ssh; 0 when the same was there already. */
  sentBytes: number;
}

/**
 * Puts escp onto a host, unless the same is there already.
 *
 * @returns undefined when it was not agreed to.
 * @throws {StartError} where it cannot be done: what was tried, why it failed, what to do.
 */
export async function install(options: InstallOptions): Promise<Installed | undefined> {
  const { command, directory, places, signal } = options;
  signal.throwIfAborted();
  await using session = new InstallSession(command, options.patience);
  const aborted = Promise.withResolvers<never>();
  aborted.promise.catch(() => {});
  const stop = () => {
    aborted.reject(signal.reason);
    session.abandon();
  };
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([run(), aborted.promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }

  async function run(): Promise<Installed | undefined> {
    // One that is abandoned is cleaned away as all others.
    const unfinished = new TemporaryNames("install").next();
    const facts = await session.begin(installScript({ version: places.version, directory }, unfinished));
    const executable = await choose(facts, places, command.name, {
      // Without an executable to compare with, only a program in the user's own cache may be run for its version.
      trusts: async () => directory === undefined && (await session.version()).startsWith(`escp ${places.version}`),
    });
    if (executable === undefined) return { path: `${facts.directory}/escp`, sentBytes: 0 };
    if (!await options.agree({ directory: facts.directory, bytes: executable.contents.length })) return undefined;
    const { length } = executable.contents;
    const sent = (bytes: number) => options.sent(bytes, length);
    sent(0);
    const { path, bytes } = await session.send(executable, { gzip: facts.gzip, sent });
    return { path, sentBytes: bytes };
  }
}

/** What has to be sent; undefined when it is there already. */
async function choose(
  facts: InstallFacts,
  places: ExecutablePlaces,
  name: string,
  { trusts }: { trusts: () => Promise<boolean> },
): Promise<Executable | undefined> {
  const { there } = facts;
  const found = systemOf(facts);
  const executable = "system" in found ? await findExecutable(found.system, places) : undefined;
  if (there) {
    const isComparable = executable !== undefined && there.sum !== undefined;
    if (isComparable ? there.sum === executable.sum : await trusts()) return undefined;
  }
  if (executable) return executable;
  if ("problem" in found) {
    throw new StartError(`Cannot put escp on ${name}: ${found.problem}`, {
      hint: "Where it can be run from source there, name the script that starts it with -D PATH",
    });
  }
  throw new StartError(`Cannot put escp on ${name}: there is no executable for ${found.system} on this machine`, {
    hint:
      `Put ${executableName(places.version, found.system)} and its SHA256SUMS beside this escp, or into a directory ` +
      "that --binaries DIR names",
  });
}
