/** `-R`: from one remote host to another without this one in between. escp on the first host does the whole copy. */

import { StartError, UserError } from "../../errors.ts";
import type { FilterRule } from "../../files/walk/filter.ts";
import { hasGlob } from "../../files/glob/pattern.ts";
import { startChild, stopChild } from "../../native/process/child.ts";
import { MAX_LINE_BYTES } from "../../protocol/limits.ts";
import { LineDecoder } from "../../protocol/control/line_decoder.ts";
import { encodeName } from "../../protocol/names.ts";
import { formatDataAddress } from "../../ssh/data_address.ts";
import { unusableEscp } from "../../session/model/start_errors.ts";
import { formatHost, formatOperand, type Operand } from "../../ssh/operand.ts";
import { quoteProgram, quoteWord } from "../../ssh/remote_command.ts";
import { sshCommand } from "../../ssh/ssh_command.ts";
import type { TransferEvent } from "../../transfer/events.ts";
import type { Outcome } from "../../transfer/totals.ts";
import { sourceNameOf } from "../../transfer/send/source_names.ts";
import type { Transfer } from "../options/transfers.ts";
import type { Options } from "../options/options.ts";
import { parseEvents } from "../json_events.ts";

/**
 * Runs escp on the origin host, which tells its story in JSON; what it prints on stderr is the user's. The origin must be
 * able to log in to the target by itself.
 *
 * @throws {UserError} when it ended without having copied all that it could: it has said why.
 */
export async function runOnOrigin(
  transfer: Transfer,
  options: Options,
  { others, emit, signal }: { others: number; emit: (event: TransferEvent) => void; signal: AbortSignal },
): Promise<Outcome> {
  const { ssh } = options.originAccess ?? options;
  const { program, args } = sshCommand(ssh, transfer.origin!, originCommand(transfer, options, others));
  const list = listOf(transfer);
  let child: Deno.ChildProcess;
  try {
    const stdin = list ? "piped" : "inherit";
    child = startChild(program, { args, stdin, stdout: "piped", stderr: "inherit" });
  } catch (cause) {
    throw new StartError(`Cannot start ${program}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  const stop = () => stopChild(child, "SIGTERM");
  signal.addEventListener("abort", stop, { once: true });
  // Whoever ends without having read the list says why.
  if (list) new Blob([list]).stream().pipeTo(child.stdin).catch(() => {});
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
  const unusable = unusableEscp(formatHost(transfer.origin!), code);
  if (unusable) throw unusable;
  const kind = code === 255 ? StartError : UserError;
  throw new kind(
    `Cannot copy from ${formatHost(transfer.origin!)}: it ended with status ${code}, its message is above`,
  );
}

/** What comes from a list is told by a list: a command line has no room for it. Names end with NUL. */
function listOf({ sources }: Transfer): Uint8Array<ArrayBuffer> | undefined {
  const listed = sources.filter(({ literal }) => literal);
  if (listed.length > 0) return encodeName(listed.map(({ path }) => `${localWord(path)}\0`).join(""));
}

/** The names that the sources get in the target, as far as they can be told from here. */
export function namesOnOrigin(transfer: Transfer, { recursive }: Options): { name: string; kind: string }[] {
  // Directories of one name are merged, and what is a directory is not known here.
  if (recursive) return [];
  return transfer.sources.filter(({ path, literal }) => literal || !hasGlob(path)).map(({ path, literal }) => ({
    name: sourceNameOf(path, { tilde: !literal })[0],
    kind: "file",
  }));
}

const IO_ENGINES = { sender: "dummy::posix", receiver: "posix::dummy", both: "dummy::dummy" };

/** The command line for the shell of the origin host: every word of it is quoted. */
export function originCommand(transfer: Transfer, options: Options, others: number): string {
  const before = [
    ...(options.recursive ? ["-r"] : []),
    ...(options.preserve ? ["-p"] : []),
    "--json",
    "--local-patterns",
    ...(options.quiet ? ["-q"] : []),
    ...(options.remoteLog === undefined ? [] : [`--remote-log=${options.remoteLog}`]),
    ...(options.ports ? [`--escp-portrange=${options.ports.first}-${options.ports.last}`] : []),
    ...Array.from({ length: options.verbose }, () => "-v"),
    `--symlinks=${options.symlinks}`,
    ...(options.hardlinks ? ["--hardlinks"] : []),
    ...(options.xattrs ? ["--xattrs"] : []),
    ...(options.acls ? ["--acls"] : []),
    ...(options.sparse ? ["--sparse"] : []),
    ...(options.verify ? ["--verify"] : []),
    ...(options.direct ? [] : ["--nodirect"]),
    ...(options.fsync ? ["--fsync"] : []),
    ...(options.dummy ? [`--ioengine=${IO_ENGINES[options.dummy]}`] : []),
    ...(options.update ? [options.update === "contents" ? "--checksum" : "--update"] : []),
    ...(options.dryRun ? ["--dry-run"] : []),
    ...(options.resume ? [] : ["--no-resume"]),
    `--retries=${options.retries}`,
    ...options.filters.map(filterWord),
    ...(options.bytesPerSecond > 0 ? [`--limit=${Math.ceil(options.bytesPerSecond * 8 / 1000)}`] : []),
    ...(options.congestion === undefined ? [] : [`--congestion=${options.congestion}`]),
    ...(options.compress ? ["-C"] : []),
    ...(options.blockBytes === undefined ? [] : [`--blocksize=${options.blockBytes}`]),
    `--timeout=${options.timeoutMs / 1000}`,
    ...(options.dataAddress === undefined ? [] : [`--data-address=${formatDataAddress(options.dataAddress)}`]),
    ...(options.tunnel === "auto" ? [] : [`--tunnel=${options.tunnel}`]),
    ...(options.reverse ? ["--reverse"] : []),
    ...(options.streams === undefined ? [] : [`--streams=${options.streams}`]),
    `--cipher=${options.cipher}`,
    `--engine=${options.engine}`,
    ...(options.ssh.batch ? ["-B"] : []),
    // Escp there may be older than the option: what it does without is not said.
    ...(options.bootstrap === "auto" ? [] : [`--bootstrap=${options.bootstrap}`]),
    ...(transfer.sources.some(({ literal }) => literal) ? ["-0", "--filelist=-"] : []),
    "--",
  ];
  // A leading "~" is for that shell, as there is no other that could expand it.
  const sources = transfer.sources.filter(({ literal }) => !literal).map(({ path }) =>
    quoteProgram(path.startsWith("~") ? path : localWord(path))
  );
  const target = quoteWord(
    formatOperand(others > 0 ? asDirectory(transfer.target) : transfer.target),
  );
  return [
    quoteProgram((options.originAccess ?? options).remotePath),
    ...before.map(quoteWord),
    ...sources,
    target,
  ].join(" ");
}

function filterWord({ action, kind, pattern }: FilterRule): string {
  return `--${action}${kind === "regex" ? "-regex" : ""}=${pattern}`;
}

/** The target where other hosts' sources go as well: what is no directory is refused for the dot. */
function asDirectory(target: Operand): Operand {
  return { ...target, path: target.path === "" ? "." : `${target.path}/.` };
}

/** A path of the origin host must not be taken for an operand with a host. */
function localWord(path: Operand["path"]): string {
  if (path === "") return ".";
  return path.startsWith("/") || path.startsWith("./") ? path : `./${path}`;
}
