/**
 * `--install`, `--upgrade` and `--uninstall`: install escp on hosts before the first copy, or remove it. If one host fails, the
 * others are still processed.
 */

import type { Installed } from "../../bootstrap/install.ts";
import { UserError } from "../../errors.ts";
import { printable } from "../../escape_text.ts";
import { writeStderr } from "../../log/write_all.ts";
import { formatHost, type RemoteHost } from "../../ssh/operand.ts";
import { formatBytes } from "../../ui/format.ts";
import { EXIT_STATUS } from "../exit_status.ts";
import { installEscp, uninstallEscp } from "../install_escp.ts";
import type { HostAccess } from "../options/host_options.ts";
import type { InstallOptions } from "../options/command.ts";
import { errorReport } from "../report_error.ts";
import { ESCP, type Program } from "../program.ts";
import { Output } from "../stdout.ts";
import { stopSignals } from "../stop_signals.ts";
import { VERSION } from "../version.ts";

/** Runs a task on all hosts. @returns 0 if it succeeded on each, else 1. @throws the reason of a signal, and bugs. */
export async function runInstall({ task, hosts, output: { quiet, verbose } }: InstallOptions): Promise<number> {
  using stop = stopSignals();
  const output = new Output();
  let status: number = EXIT_STATUS.ok;
  for (const { host, access, timeoutMs } of hosts) {
    const name = formatHost(host);
    try {
      const result = await run(task, host, access, { timeoutMs, signal: stop.signal, program: ESCP });
      if (!quiet) output.write(printable(`${name}: ${result}`) + "\n");
    } catch (error) {
      if (stop.signal.aborted || !(error instanceof UserError)) throw error;
      writeStderr(errorReport(error, { verbose }).join("\n") + "\n");
      status = EXIT_STATUS.failed;
    }
  }
  output.lost.throwIfAborted();
  return status;
}

/** Runs a task on one host. @returns the result for the user. @throws {StartError} */
async function run(
  task: InstallOptions["task"],
  host: RemoteHost,
  access: HostAccess,
  options: { timeoutMs: number; signal: AbortSignal; program: Program },
): Promise<string> {
  if (task === "uninstall") {
    const removed = await uninstallEscp(host, access, options);
    return removed.length === 0 ? "escp is not installed" : `removed escp ${removed.join(", ")}`;
  }
  const agree = () => Promise.resolve(true);
  const installed = await installEscp(host, access, { ...options, agree, removesOlder: task === "upgrade" });
  return describe(installed!);
}

function describe({ path, uploadedBytes, removed }: Installed): string {
  const old = removed.length === 0 ? "" : `; removed ${removed.join(", ")}`;
  if (uploadedBytes === 0) return `escp ${VERSION} is already installed as ${path}${old}`;
  return `escp ${VERSION} is installed as ${path} (${formatBytes(uploadedBytes)})${old}`;
}
