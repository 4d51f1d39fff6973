/** `--install`: escp is put on hosts ahead of the first copy. One that fails does not keep it from the others. */

import type { Installed } from "../../bootstrap/install.ts";
import { UserError } from "../../errors.ts";
import { printable } from "../../escape_text.ts";
import { formatHost } from "../../ssh/operand.ts";
import { formatBytes } from "../../ui/format.ts";
import { writeStderr } from "../../log/write_all.ts";
import { EXIT_STATUS } from "../exit_status.ts";
import type { InstallOptions } from "../options/options.ts";
import { putEscp } from "../put_escp.ts";
import { errorReport } from "../report_error.ts";
import { Output } from "../stdout.ts";
import { stopSignals } from "../stop_signals.ts";
import { VERSION } from "../version.ts";

/** @returns 0 when all of them have it, 1 when one has not. @throws the reason of a signal, and what is a bug. */
export async function runInstall({ hosts, verbose, quiet }: InstallOptions): Promise<number> {
  using stop = stopSignals();
  const output = new Output();
  let status: number = EXIT_STATUS.ok;
  for (const { host, access, timeoutMs } of hosts) {
    const name = formatHost(host);
    try {
      const mayAsk = !access.ssh.batch && Deno.stderr.isTerminal();
      const agree = () => Promise.resolve(true);
      const installed = await putEscp(host, access, { timeoutMs, mayAsk, agree, signal: stop.signal });
      if (installed && !quiet) output.write(printable(`${name}: ${describe(installed)}`) + "\n");
    } catch (error) {
      if (stop.signal.aborted || !(error instanceof UserError)) throw error;
      writeStderr(errorReport(error, { verbose }).join("\n") + "\n");
      status = EXIT_STATUS.failed;
    }
  }
  output.lost.throwIfAborted();
  return status;
}

function describe({ path, sentBytes }: Installed): string {
  if (sentBytes === 0) return `escp ${VERSION} is there already, as ${path}`;
  return `escp ${VERSION} is installed as ${path} (${formatBytes(sentBytes)} through ssh)`;
}
