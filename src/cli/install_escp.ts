/** Installs escp on a host over ssh, and remembers its path. */

import type { ExecutablePlaces } from "../bootstrap/executables.ts";
import { install, type Installed } from "../bootstrap/install.ts";
import { forgetPlace, recallPlace, rememberPlace } from "../bootstrap/remembered_places.ts";
import { uninstall } from "../bootstrap/uninstall.ts";
import { ownSystem } from "../bootstrap/system.ts";
import { directoryOf, pathOfFileUrl } from "../files/path/local_path.ts";
import { formatHost, type RemoteHost } from "../ssh/operand.ts";
import { sshCommand } from "../ssh/command.ts";
import { Terminal } from "../ui/terminal.ts";
import { canAsk } from "./ask.ts";
import type { HostAccess } from "./options/host_options.ts";
import { rememberedHost } from "./options/transfers.ts";
import type { Program } from "./program.ts";
import { VERSION } from "./version.ts";

/** Options of an installation, except those of its host. */
export interface InstallEscpOptions {
  /** Maximum time between messages of the host. In milliseconds. */
  timeoutMs: number;
  /** Returns whether an executable of this size may be installed in this directory. */
  agree: (plan: { directory: string; bytes: number }) => Promise<boolean>;
  /** Whether to remove older versions from the user's cache directory. */
  removesOlder?: boolean;
  signal: AbortSignal;
  program: Program;
}

/** Installs escp, and remembers its path. @returns undefined if the user has not agreed. @throws {StartError} if escp cannot be installed. */
export async function installEscp(
  host: RemoteHost,
  access: HostAccess,
  { timeoutMs, agree, removesOlder, signal, program }: InstallEscpOptions,
): Promise<Installed | undefined> {
  const quiet = access.ssh.quiet || !program.isEscp;
  const screen = new Terminal({ quiet, verbose: 0, label: `escp ${VERSION} to ${formatHost(host)}` });
  const installing = install({
    ...sessionOf(host, access, timeoutMs, program),
    directory: access.installDir,
    places: executablePlaces(access, program),
    agree,
    removesOlder,
    sent(bytes, total) {
      // From the first event on, ssh asks nothing, and the terminal may show progress.
      if (bytes === 0) screen.onEvent({ type: "connected", streams: 1, engine: "" });
      screen.onEvent({ type: "totals", files: 1, bytes: total, complete: true });
      // While the host checks the complete file, the line must not show a stall.
      screen.onEvent({ type: "progress", files: bytes === total ? 1 : 0, bytes });
    },
    signal,
  });
  const installed = await installing.finally(() => screen.close());
  if (installed) {
    rememberPlace(rememberedHost(host, access), VERSION, installed.path, (name) => Deno.env.get(name));
  }
  return installed;
}

/** Returns the removed versions, and the paths of other removed programs. @throws {StartError} if escp cannot be removed. */
export async function uninstallEscp(
  host: RemoteHost,
  access: HostAccess,
  { timeoutMs, signal }: Pick<InstallEscpOptions, "timeoutMs" | "signal">,
): Promise<string[]> {
  const env = (name: string) => Deno.env.get(name);
  // Another version may have installed the program at that path.
  const remembered = recallPlace(rememberedHost(host, access), undefined, env);
  const directories = [access.installDir, remembered && directoryOf(remembered)].filter((name) => name !== undefined);
  const removed = await uninstall({ ...sessionOf(host, access, timeoutMs), directories, signal });
  forgetPlace(rememberedHost(host, access), env);
  return removed;
}

/** Returns the ssh of a session, and its time limits. */
function sessionOf(host: RemoteHost, { ssh }: HostAccess, timeoutMs: number, { onErrorOutput }: Partial<Program> = {}) {
  const name = formatHost(host);
  const errors = onErrorOutput && !canAsk(ssh)
    ? { capturesErrors: true, onErrorOutput: onErrorOutput.bind(undefined, name) }
    : {};
  return {
    // No program of the installation needs the agent.
    command: { ...sshCommand({ ...ssh, forwardAgent: false }, host, "sh"), name, ...errors },
    // A user who types a password may take any time.
    patience: { timeoutMs, loginMs: canAsk(ssh) ? undefined : timeoutMs },
  };
}

/** Returns the places of executables: the running program, the directory of --binaries, the directory of this escp. */
export function executablePlaces({ binaries }: Pick<HostAccess, "binaries">, { isEscp }: Program): ExecutablePlaces {
  const given = binaries === undefined ? [] : [binaries];
  if (!isEscp) return { version: VERSION, directories: given };
  const system = ownSystem(Deno.build);
  if (!Deno.build.standalone) return { version: VERSION, directories: [...given, ...distDirectory()] };
  const path = Deno.execPath();
  return { version: VERSION, self: system && { path, system }, directories: [...given, directoryOf(path)] };
}

/** Returns the dist directory of the clone that escp runs from. */
function distDirectory(): string[] {
  return Deno.mainModule.startsWith("file:") ? [pathOfFileUrl(new URL("dist", Deno.mainModule))] : [];
}
