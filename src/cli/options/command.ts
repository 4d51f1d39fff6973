/** The task that a command line requests, with valid options. */

import { settingsFor } from "../../config/effective.ts";
import type { EngineChoice } from "../../crypto/engines.ts";
import { UsageError } from "../../errors.ts";
import { isEscpsOperand, parseEscpsOperand } from "../../serve/escps_operand.ts";
import { formatHost, parseHost, parseOperand, type RemoteHost } from "../../ssh/operand.ts";
import type { CompletionReader } from "../completions/complete.ts";
import type { Shell } from "../completions/completions.ts";
import { checkClean, type CleanOptions, cleanOptions } from "./clean_options.ts";
import { type HostAccess, hostAccess, type HostOptions, hostOptions } from "./host_options.ts";
import { type OutputOptions, outputOptions } from "./output_options.ts";
import type { RawFlags } from "./flags.ts";
import type { Environment, ParsedArguments } from "./parse_arguments.ts";
import { type ReceiverCommand, receiverCommand } from "./receiver_command.ts";
import { type RunOptions, runOptions } from "./run_options.ts";
import { checkServing, type ServeOptions, serveOptions } from "./serve_options.ts";
import { completeFlags } from "./settings.ts";
import type { ReportTarget } from "./values/report_target.ts";

/** A task with its valid options. */
export type Command =
  | { readonly kind: "help"; readonly all: boolean }
  | { readonly kind: "man" }
  | { readonly kind: "version"; readonly verbose: boolean }
  | { readonly kind: "json-schema" }
  | { readonly kind: "completions"; readonly shell: Shell; readonly install: boolean }
  | { readonly kind: "complete"; readonly reader: CompletionReader; readonly words: readonly string[] }
  | { readonly kind: "install"; readonly options: InstallOptions }
  | { readonly kind: "doctor"; readonly options: DoctorOptions }
  | { readonly kind: "serve"; readonly options: ServeOptions }
  | { readonly kind: "clean"; readonly options: CleanOptions }
  | { readonly kind: "report"; readonly from: string; readonly target?: ReportTarget }
  | ReceiverCommand
  | { readonly kind: "stream"; readonly port: number; readonly engine: EngineChoice }
  | { readonly kind: "copy"; readonly options: RunOptions };

/** Options of `--install`, `--upgrade` and `--uninstall`. */
export interface InstallOptions {
  readonly task: "install" | "upgrade" | "uninstall";
  /** In the order given. */
  readonly hosts: readonly { readonly host: RemoteHost; readonly access: HostAccess; readonly timeoutMs: number }[];
  readonly output: OutputOptions;
}

/** Options of `--doctor`. */
export interface DoctorOptions {
  readonly remote: RemoteHost;
  readonly host: HostOptions;
  /** Directory on the remote host whose disk is measured; "" is the home directory. */
  readonly remoteDirectory: string;
  /** Directory on this machine whose disk is measured. */
  readonly localDirectory: string;
  /** Duration of each measurement. In milliseconds. */
  readonly ms: number;
  readonly output: OutputOptions;
}

/** Returns the task of a parsed command line. @throws {UsageError} if it is invalid. */
export function commandOf(parsed: ParsedArguments, environment: Environment): Command {
  const { flags } = parsed;
  if (flags.help) return { kind: "help", all: parsed.operands.includes("all") };
  if (flags.man) return { kind: "man" };
  if (flags.version) return { kind: "version", verbose: (flags.verbose ?? 0) > 0 };
  if (flags["json-schema"]) return { kind: "json-schema" };
  if (flags.completions) {
    return { kind: "completions", shell: flags.completions, install: flags.install ?? false };
  }
  if (flags.complete) return { kind: "complete", reader: flags.complete, words: parsed.operands };
  if (flags.receiver) return receiverCommand(parsed, environment);
  if (flags["receiver-stream"]) {
    const { engine } = completeFlags(flags, { files: {}, env: environment.env, escpOptions: false });
    return { kind: "stream", port: flags["receiver-stream"], engine };
  }
  checkNoShard(flags);
  checkAuthority(parsed);
  if (flags["report-from"] !== undefined) return reportCommand(flags["report-from"], parsed);
  checkServing(flags);
  if (flags.serve) return { kind: "serve", options: serveOptions(parsed, environment) };
  checkClean(flags);
  if (flags.clean) return { kind: "clean", options: cleanOptions(parsed, environment) };
  const task = (["install", "upgrade", "uninstall"] as const).find((name) => flags[name]);
  if (task) return { kind: "install", options: installOptions(task, parsed, environment) };
  if (flags.doctor) return { kind: "doctor", options: doctorOptions(parsed, environment) };
  return { kind: "copy", options: runOptions(parsed, environment) };
}

/** @throws {UsageError} for options of shards with a task that copies nothing. */
function checkNoShard(flags: RawFlags): void {
  const task = (["report-from", "install", "upgrade", "uninstall", "doctor"] as const).find((name) => flags[name]);
  const option = (["shard", "shard-report", "shard-split"] as const).find((name) => flags[name] !== undefined);
  if (task && option) throw new UsageError(`Options "--${task}" and "--${option}" exclude each other`);
}

/**
 * Refuses `--ca` for the certificate that a one-time URL names. An authority of a configuration file does not apply to it.
 *
 * @throws {UsageError}
 */
function checkAuthority({ flags, operands }: ParsedArguments): void {
  if (flags.ca === undefined) return;
  if (!operands.some((text) => isEscpsOperand(text) && parseEscpsOperand(text).oneTimeKey)) return;
  throw new UsageError('Cannot use "--ca" with a one-time URL: the URL names the certificate itself');
}

function reportCommand(from: string, { flags, operands }: ParsedArguments): Command {
  if (operands.length > 0) throw new UsageError('Option "--report-from" takes no operands: it copies nothing');
  const other = Object.keys(flags).find((name) => name !== "report-from" && name !== "report");
  if (other === "rules") throw new UsageError('Option "--report-from" takes no rules for files: it copies nothing');
  if (other !== undefined) throw new UsageError(`Options "--report-from" and "--${other}" exclude each other`);
  const { report } = outputOptions(flags);
  if (report?.format === "json") {
    throw new UsageError('Option "--report-from" writes a page: the file of "--report" must end in ".html"');
  }
  return { kind: "report", from, target: report };
}

function installOptions(
  task: InstallOptions["task"],
  { operands, flags: line }: ParsedArguments,
  { env, driveLetters, configs = {} }: Environment,
): InstallOptions {
  if (operands.length === 0) {
    throw new UsageError(`Option "--${task}" needs at least one host`, { hint: `escp --${task} HOST...` });
  }
  for (const name of ["dry-run", "json", "report", "doctor", "install", "upgrade", "uninstall"] as const) {
    if (name !== task && line[name]) throw new UsageError(`Cannot use "--${name}" with "--${task}"`);
  }
  const hosts = operands.map((text) => {
    const host = parseHost(text, { driveLetters });
    if (host.serve) throw new UsageError(`Cannot use "--${task}" with ${formatHost(host)}: it needs ssh`);
    const flags = completeFlags(line, { files: settingsFor(configs, host.host).options, env, escpOptions: true });
    return { host, access: hostAccess(flags), timeoutMs: flags.timeout * 1000 };
  });
  return { task, hosts, output: outputOptions(line) };
}

function doctorOptions(
  { operands: texts, flags: line }: ParsedArguments,
  { env, driveLetters, configs = {} }: Environment,
): DoctorOptions {
  const [text, localDirectory = "."] = texts;
  if (text === undefined || texts.length > 2) {
    throw new UsageError('Option "--doctor" needs one host', { hint: "escp --doctor HOST[:DIR] [LOCAL_DIR]" });
  }
  const operand = parseOperand(text, { driveLetters });
  const { path, ...remote } = operand.kind === "remote" ? operand : { ...parseHost(text, { driveLetters }), path: "" };
  if (parseOperand(localDirectory, { driveLetters }).kind === "remote") {
    throw new UsageError('Option "--doctor" examines one host: the second operand must be a local directory');
  }
  const flags = completeFlags(line, { files: settingsFor(configs, remote.host).options, env, escpOptions: true });
  return {
    remote: { host: remote.host, user: remote.user, port: remote.port, serve: remote.serve },
    host: hostOptions(flags),
    remoteDirectory: path,
    localDirectory,
    ms: flags["doctor-time"],
    output: outputOptions(flags),
  };
}
