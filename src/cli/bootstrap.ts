/** `--bootstrap`: installs escp on a host that lacks a compatible version, after the user has agreed. */

import { hasExecutables } from "../bootstrap/executables.ts";
import { escapePath, StartError } from "../errors.ts";
import type { UnusableEscp } from "../session/model/start_errors.ts";
import { formatHost, type RemoteHost } from "../ssh/operand.ts";
import { canAsk, confirm } from "./ask.ts";
import { formatBytes } from "../ui/format.ts";
import { executablePlaces, installEscp } from "./install_escp.ts";
import type { HostAccess } from "./options/host_options.ts";
import type { TransferListeners } from "./options/transfers.ts";
import type { Program } from "./program.ts";
import { VERSION } from "./version.ts";

/**
 * Installs escp.
 *
 * @param reason why the host needs it.
 * @returns its path on the host.
 * @throws {StartError} if the user does not agree, or escp cannot be installed.
 */
export async function bootstrap(
  { host, access }: { host: RemoteHost; access: HostAccess },
  reason: UnusableEscp,
  { emit, signal, program, timeoutMs }: Pick<TransferListeners, "emit" | "signal" | "program"> & { timeoutMs: number },
): Promise<string> {
  const name = formatHost(host);
  // Without an executable there is no need to log in.
  if (!hasExecutables(executablePlaces(access, program))) {
    const advice = "A compiled escp installs itself; for another system, name a directory with --binaries DIR";
    throw withAdvice(reason, name, advice);
  }
  const isInteractive = canAsk(access.ssh);
  if (isInteractive) {
    // Explains why ssh may ask for a password again. The host may already have a compatible escp in another place.
    emit({ type: "note", message: `ssh logs in to ${name} again, to find or install a compatible escp` });
  }
  const installing = installEscp(host, access, {
    timeoutMs,
    signal,
    program,
    async agree({ directory, bytes }) {
      const what = `escp ${VERSION} (${formatBytes(bytes)})`;
      const where = `${escapePath(directory)} on ${name}`;
      if (access.bootstrap === "auto" && isInteractive) {
        const isAgreed = await confirm(`Install ${what} into ${where}?`, signal);
        if (isAgreed !== undefined) return isAgreed;
      }
      const message = `installing ${what} into ${where}, which lacks a compatible version`;
      // Writing a program to a host is announced in any case.
      emit({ type: "note", message, important: true });
      return true;
    },
  });
  const installed = await installing.catch((error) => {
    if (!(error instanceof StartError)) throw error;
    throw new StartError(`${reason.message}. ${error.message}`, { cause: error, hint: error.hint, host: name });
  });
  if (installed) return installed.path;
  const { message, hint } = notInstalled(reason, { host, access }, program);
  throw new StartError(`${message}, and you declined to install it`, { cause: reason, hint, host: name });
}

/** Returns the error for a host on which escp must not be installed now. The hint names --install if there is an executable. */
export function notInstalled(
  reason: UnusableEscp,
  { host, access }: { host: RemoteHost; access: HostAccess },
  program: Program,
): StartError {
  if (!hasExecutables(executablePlaces(access, program))) return reason;
  const name = formatHost(host);
  return withAdvice(reason, name, `Or install escp with: escp --install ${name}`);
}

/** Returns the error with advice after its hint. */
function withAdvice(error: UnusableEscp, host: string, advice: string): StartError {
  const hint = error.hint ? `${error.hint}. ${advice}` : advice;
  return new StartError(error.message, { cause: error, hint, host, reason: error.reason });
}
