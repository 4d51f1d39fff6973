/** `-R`: runs escp on the source host, so that the data does not pass through this machine. */

import { messageOf, StartError, UsageError, UserError } from "../../errors.ts";
import { hasGlob } from "../../files/glob/pattern.ts";
import { startChild, stopChild } from "../../native/process/child.ts";
import { ErrorOutput } from "../../native/process/error_output.ts";
import { LineDecoder } from "../../protocol/control/line_decoder.ts";
import { MAX_LINE_BYTES } from "../../protocol/limits.ts";
import { encodeName } from "../../protocol/names.ts";
import { unusableEscp } from "../../session/model/start_errors.ts";
import { formatHost, formatOperand, type Operand } from "../../ssh/operand.ts";
import { remoteEscpCommand } from "../../ssh/remote_command.ts";
import { quoteProgram, quoteWord } from "../../ssh/shell_quote.ts";
import { sshCommand } from "../../ssh/command.ts";
import type { CopyRequest } from "../../transfer/client/copy_request.ts";
import type { TransferEvent } from "../../transfer/events.ts";
import { sourceNameOf } from "../../transfer/send/sources/names.ts";
import type { Outcome } from "../../transfer/totals.ts";
import { parseEvents } from "../json_events.ts";
import { forwardedWords } from "../options/forwarded_words.ts";
import type { HostAccess, HostOptions } from "../options/host_options.ts";
import type { Program } from "../program.ts";
import type { Transfer } from "../options/transfers.ts";

/** Callbacks of a run on the source host. */
export interface OriginListeners {
  /** Number of sources that other transfers copy to the same target. */
  others: number;
  emit: (event: TransferEvent) => void;
  signal: AbortSignal;
  program: Pick<Program, "onErrorOutput">;
}

/**
 * Runs escp on the source host, and passes on its JSON events. Its standard error is that of this process. The source host must
 * be able to log in to the target host without this machine.
 *
 * @throws {UserError} if escp ended early; it has printed the reason. Throws the reason of an aborted `signal`.
 */
export async function runOnOrigin(
  transfer: Transfer,
  options: HostOptions,
  { others, emit, signal, program: { onErrorOutput } }: OriginListeners,
): Promise<Outcome> {
  signal.throwIfAborted();
  checkServers(transfer, options.access);
  const { ssh, search } = options.originAccess ?? options.access;
  const host = formatHost(transfer.origin!);
  const { program, args } = sshCommand(ssh, transfer.origin!, originCommand(transfer, options, others));
  const list = listOf(transfer);
  let child: Deno.ChildProcess;
  try {
    const stdin = list ? "piped" : onErrorOutput ? "null" : "inherit";
    child = startChild(program, { args, stdin, stdout: "piped", stderr: onErrorOutput ? "piped" : "inherit" });
  } catch (cause) {
    throw new StartError(`Cannot start ${program}: ${messageOf(cause)}`, { cause, host });
  }
  const stop = () => stopChild(child, "SIGTERM");
  signal.addEventListener("abort", stop, { once: true });
  // If escp exits before it has read the list, its status is the error.
  if (list) new Blob([list]).stream().pipeTo(child.stdin).catch(() => {});
  if (onErrorOutput) new ErrorOutput(child.stderr, { echo: (bytes) => onErrorOutput(host, bytes) });
  let outcome: Outcome | undefined;
  try {
    const lines = new LineDecoder(MAX_LINE_BYTES);
    for await (const bytes of child.stdout) {
      for (const line of lines.push(bytes)) {
        for (const event of parseEvents(line)) {
          emit(event);
          if (event.type === "finished") outcome = event;
        }
      }
    }
  } catch (error) {
    stop();
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
  const { code } = await child.status;
  signal.throwIfAborted();
  if (outcome) return outcome;
  const kind = code === 255 ? StartError : UserError;
  const error = unusableEscp(host, code, { isNamed: search === undefined }) ??
    new kind(`Cannot copy from ${host}: escp on that host failed (status ${code}); see its message above`);
  error.host = host;
  throw error;
}

/** Refuses servers of `escps://` that escp on the source host cannot use. @throws {UsageError} */
function checkServers({ origin, remote }: Transfer, { ca }: HostAccess): void {
  const hint = "Omit -R, so that the data passes through this machine";
  if (origin!.serve) {
    throw new UsageError(`Cannot use "-R" with ${formatHost(origin!)}: a server runs no commands`, { hint });
  }
  if (remote?.serve && ca !== undefined) {
    throw new UsageError('Cannot use "-R" with "--ca": the file of authorities is on this machine', { hint });
  }
  if (remote?.serve?.oneTimeKey) {
    throw new UsageError('Cannot use "-R" with a one-time URL: its key would be on a command line of another host', {
      hint,
    });
  }
}

/** Returns the sources from a list as a list for escp, because a command line has no room for them. Names end with NUL. */
function listOf({ sources }: Transfer): Uint8Array<ArrayBuffer> | undefined {
  const listed = sources.filter(({ literal }) => literal);
  if (listed.length > 0) return encodeName(listed.map(({ path }) => `${localWord(path)}\0`).join(""));
}

/** Returns the names of the sources in the target, if they are known on this machine. */
export function namesOnOrigin(
  { sources }: Transfer,
  { recursive }: Pick<CopyRequest, "recursive">,
): { name: string; kind: string }[] {
  // Directories of one name are merged, and only the source host knows which sources are directories.
  if (recursive) return [];
  return sources.filter(({ path, literal }) => literal || !hasGlob(path)).map(({ path, literal }) => ({
    name: sourceNameOf(path, { tilde: !literal })[0],
    kind: "file",
  }));
}

/** Returns the command line for the shell of the source host. Every word is quoted. */
export function originCommand(transfer: Transfer, options: HostOptions, others: number): string {
  const words = [
    "--json",
    "--local-patterns",
    ...forwardedWords(options.flags),
    ...(transfer.sources.some(({ literal }) => literal) ? ["-0", "--filelist=-"] : []),
    "--",
  ];
  const sources = transfer.sources.filter(({ literal }) => !literal).map(({ path }) => shellWord(path));
  const target = formatOperand(others > 0 ? asDirectory(transfer.target) : transfer.target);
  return remoteEscpCommand(options.originAccess ?? options.access, [
    ...words.map(quoteWord),
    ...sources,
    quoteWord(target),
  ]);
}

/** Returns a target that must be a directory, because sources of other hosts are copied to it too: the dot requires one. */
function asDirectory(target: Operand): Operand {
  return { ...target, path: target.path === "" ? "." : `${target.path}/.` };
}

/**
 * Returns a path for the shell of the source host, which expands "~/" and "~user/". A home directory means its contents.
 * escp on that host expands "~user", which may be the name of a file.
 */
function shellWord(path: Operand["path"]): string {
  if (!path.startsWith("~")) return quoteWord(localWord(path));
  const home = path === "~" ? path : /^(~[^/]*)\/+$/.exec(path)?.[1];
  return quoteProgram(home === undefined ? path : `${home}/.`);
}

/** Returns a path on the source host that cannot be mistaken for an operand with a host. */
function localWord(path: Operand["path"]): string {
  if (path === "") return ".";
  return path.startsWith("/") || path.startsWith("./") ? path : `./${path}`;
}
