/** `--bootstrap`: escp is put on a host that has none, or none that fits, once that is agreed to. */

import { hasExecutables } from "../bootstrap/executables.ts";
import { escapePath, StartError } from "../errors.ts";
import type { UnusableEscp } from "../session/model/start_errors.ts";
import { formatHost } from "../ssh/operand.ts";
import { ask } from "./ask.ts";
import { executablePlaces, putEscp } from "./put_escp.ts";
import type { Side } from "./options/transfers.ts";
import type { Listeners } from "./options/transfers.ts";
import { VERSION } from "./version.ts";

/**
 * @param reason why it is needed.
 * @returns where it is now.
 * @throws {StartError} where that is not wanted, or cannot be done.
 */
export async function bootstrap(
  { host, access }: Side,
  reason: UnusableEscp,
  { emit, signal, timeoutMs }: Pick<Listeners, "emit" | "signal"> & { timeoutMs: number },
): Promise<string> {
  // Without any executable the host need not be asked what it is.
  if (!hasExecutables(executablePlaces(access))) throw withoutExecutables(reason);
  const name = formatHost(host);
  const isSilent = access.ssh.batch || !Deno.stderr.isTerminal();
  if (!isSilent) {
    // Whoever has to type a password is to know what for.
    const message = `${name} has no escp that fits: ssh logs in again to put it there, and once more for the copy`;
    emit({ type: "note", message });
  }
  const putting = putEscp(host, access, {
    timeoutMs,
    mayAsk: !isSilent,
    signal,
    async agree({ directory, bytes }) {
      const what = `escp ${VERSION} (${Math.ceil(bytes / 1e6)} MB)`;
      if (access.bootstrap === "auto" && !isSilent) {
        const answer = await ask(`Install ${what} into ${escapePath(directory)} on ${name}? [Y/n] `, signal);
        if (answer !== undefined) return /^(y|yes|)$/i.test(answer.trim());
      }
      emit({
        type: "note",
        message: `${what} is put into ${escapePath(directory)} on ${name}, which has none that fits`,
      });
      return true;
    },
  });
  const installed = await putting.catch((error) => {
    if (!(error instanceof StartError)) throw error;
    throw new StartError(`${reason.message}. ${error.message}`, { cause: error, hint: error.hint });
  });
  if (installed) return installed.path;
  throw new StartError(`${reason.message}, and was not put there as you said no`, { cause: reason, hint: reason.hint });
}

function withoutExecutables(reason: UnusableEscp): StartError {
  const hint = "A compiled escp puts itself there; so does one of --binaries DIR, for that system";
  return new StartError(reason.message, { cause: reason, hint: reason.hint ? `${reason.hint}. ${hint}` : hint });
}
