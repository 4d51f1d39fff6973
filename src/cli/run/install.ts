/** `--install`: installs escp on hosts before the first copy. If one host fails, the others are still installed. */

import type { Installed } from "../../bootstrap/install.ts";
import { UserError } from "../../errors.ts";
import { printable } from "../../escape_text.ts";
import { writeStderr } from "../../log/write_all.ts";
import { formatHost } from "../../ssh/operand.ts";
import { formatBytes } from "../../ui/format.ts";
import { EXIT_STATUS } from "../exit_status.ts";
import { installEscp } from "../install_escp.ts";
import type { InstallOptions } from "../options/command.ts";
import { errorReport } from "../report_error.ts";
import { Output } from "../stdout.ts";
import { stopSignals } from "../stop_signals.ts";
import { VERSION } from "../version.ts";

/** Returns 0 if all hosts have escp, 1 if any has not. @throws the reason of a signal, and bugs. */
export async function runInstall({ hosts, output: { quiet, verbose } }: InstallOptions): Promise<number> {
  using stop = stopSignals();
  const output = new Output();
  let status: number = EXIT_STATUS.ok;
  for (const { host, access, timeoutMs } of hosts) {
    const name = formatHost(host);
    try {
      const agree = () => Promise.resolve(true);
      const installed = await installEscp(host, access, { timeoutMs, agree, signal: stop.signal });
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

function describe({ path, uploadedBytes }: Installed): string {
  if (uploadedBytes === 0) return `escp ${VERSION} is already installed as ${path}`;
  return `escp ${VERSION} is installed as ${path} (${formatBytes(uploadedBytes)})`;
}
