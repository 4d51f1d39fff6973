/** Puts escp on a host over ssh, and remembers where. */

import { install, type Installed } from "../bootstrap/install.ts";
import type { ExecutablePlaces } from "../bootstrap/executables.ts";
import { rememberPlace } from "../bootstrap/remembered_places.ts";
import { ownSystem } from "../bootstrap/system.ts";
import { directoryOf, pathOfFileUrl } from "../files/path/local_path.ts";
import { formatHost } from "../ssh/operand.ts";
import { sshCommand } from "../ssh/ssh_command.ts";
import { Terminal } from "../ui/terminal.ts";
import type { HostAccess } from "./options/host_options.ts";
import type { RemoteHost } from "./options/transfers.ts";
import { rememberedHost } from "./options/transfers.ts";
import { VERSION } from "./version.ts";

/** How it is put there. */
export interface PutOptions {
  timeoutMs: number;
  /** Somebody may be asked: the login may take as long as it takes. */
  mayAsk: boolean;
  /** Whether so many bytes may be put into this directory there. */
  agree: (plan: { directory: string; bytes: number }) => Promise<boolean>;
  signal: AbortSignal;
}

/** @returns undefined when it was not agreed to. @throws {StartError} where it cannot be done. */
export async function putEscp(
  host: RemoteHost,
  access: HostAccess,
  { timeoutMs, mayAsk, agree, signal }: PutOptions,
): Promise<Installed | undefined> {
  // Nothing that runs there has a use for the agent.
  const command = sshCommand({ ...access.ssh, forwardAgent: false }, host, "sh");
  const name = formatHost(host);
  const screen = new Terminal({ quiet: access.ssh.quiet, verbose: 0, label: `escp ${VERSION} to ${name}` });
  const installing = install({
    command: { ...command, name },
    directory: access.installDir,
    places: executablePlaces(access),
    patience: { timeoutMs, loginMs: mayAsk ? undefined : timeoutMs },
    agree,
    sent(bytes, total) {
      // From now on ssh asks for nothing, and the terminal is free to draw on.
      if (bytes === 0) screen.onEvent({ type: "connected", streams: 1, engine: "" });
      screen.onEvent({ type: "totals", files: 1, bytes: total, complete: true });
      screen.onEvent({ type: "progress", files: 0, bytes });
    },
    signal,
  });
  const installed = await installing.finally(() => screen.close());
  if (installed) {
    rememberPlace(rememberedHost(host, access), VERSION, installed.path, (name) => Deno.env.get(name));
  }
  return installed;
}

/** Where executables are looked for: what runs itself, the directory that is named, the directory that this one is in. */
export function executablePlaces({ binaries }: Pick<HostAccess, "binaries">): ExecutablePlaces {
  const named = binaries === undefined ? [] : [binaries];
  const system = ownSystem(Deno.build);
  if (!Deno.build.standalone) return { version: VERSION, directories: [...named, ...distDirectory()] };
  const path = Deno.execPath();
  return { version: VERSION, self: system && { path, system }, directories: [...named, directoryOf(path)] };
}

/** Of the clone that escp runs from. */
function distDirectory(): string[] {
  return Deno.mainModule.startsWith("file:") ? [pathOfFileUrl(new URL("dist", Deno.mainModule))] : [];
}
