import type { Settings } from "../../config/config.ts";
import { type HostLimits, limitsOf, settingsFor } from "../../config/effective.ts";
import type { PortRange } from "../../config/port_range.ts";
import { UsageError } from "../../errors.ts";
import { type Operand, parseHost, parseOperand } from "../../ssh/operand.ts";
import type { RawFlags } from "./flags.ts";
import { accessOf, dummyOf, type EngineChoice, type HostAccess } from "./host_options.ts";
import { type HostOptions, hostOptions, portsOf } from "./host_options.ts";
import { USAGE } from "../help/texts.ts";
import type { FileList } from "./file_list.ts";
import { planTransfers, type RemoteHost, type Source, type Transfer } from "./transfers.ts";
import { parseArguments, type ParsedArguments } from "./parse_arguments.ts";
import { checkClean, type CleanOptions, cleanOptions } from "./clean_options.ts";
import { type CompleteFlags, completeFlags } from "./settings.ts";
import { type Environment } from "./parse_arguments.ts";

/** What the command line asks for. */
export type Command =
  | { readonly kind: "help"; readonly all: boolean }
  | { readonly kind: "man" }
  | { readonly kind: "version"; readonly verbose: boolean }
  | { readonly kind: "completions"; readonly shell: Shell }
  | { readonly kind: "install"; readonly options: InstallOptions }
  | { readonly kind: "doctor"; readonly options: DoctorOptions }
  | { readonly kind: "clean"; readonly options: CleanOptions }
  | { readonly kind: "receiver"; readonly options: ReceiverOptions }
  | { readonly kind: "stream"; readonly port: number; readonly engine: EngineChoice }
  | { readonly kind: "copy"; readonly options: Options };

/** A shell that can be told about the options. */
export type Shell = "bash" | "zsh" | "fish";

/** Of the remote end. All else comes from the client, in the session. */
export interface ReceiverOptions {
  readonly engine: EngineChoice;
  /** Threads that carry streams besides the main one; undefined: as many as are good for this machine. */
  readonly threads?: number;
  /** How many -v. */
  readonly verbose: number;
  /** The client is on this machine and started this end itself. */
  readonly local: boolean;
  /** Ports that the client would like the data to come to. */
  readonly ports?: PortRange;
  /** What this host sets, whatever the client asks for. */
  readonly limits: HostLimits;
}

/** Of `--install`. */
export interface InstallOptions {
  /** In the order given. */
  readonly hosts: readonly { readonly host: RemoteHost; readonly access: HostAccess; readonly timeoutMs: number }[];
  /** How many -v. */
  readonly verbose: number;
  readonly quiet: boolean;
}

/** Of `--doctor`. */
export interface DoctorOptions extends HostOptions {
  readonly remote: RemoteHost;
  /** Whose disk is measured there; "" is the home directory. */
  readonly directoryThere: string;
  /** The same here. */
  readonly directoryHere: string;
  /** How long each measurement takes, in milliseconds. */
  readonly ms: number;
  readonly quiet: boolean;
  /** Show rates in bits instead of bytes. */
  readonly bits: boolean;
  /** Tell programs on stdout what is found. */
  readonly json: boolean;
}

/** A copy that can be started: everything is checked. */
export interface Options extends HostOptions, Pick<Settings, "cpumask" | "nodemask"> {
  /** Empty only beside a list. */
  readonly sources: readonly Source[];
  /** Left out only beside a list, whose entries may have targets of their own. */
  readonly target?: Operand;
  /** Local sources may be patterns: whoever starts this escp has no shell there that expands them. */
  readonly expand: boolean;
  /** Names further sources. */
  readonly fileList?: FileList;
  /** From one remote host to another: escp is to run on the first. */
  readonly fromOrigin: boolean;
  /** The sources by host: each is copied over a session of its own. Empty as long as a list is not read. */
  readonly transfers: readonly Transfer[];
  /** What holds for a transfer in the place of these, where a configuration file has entries for some hosts. */
  readonly ofHosts?: (transfer: Transfer) => HostOptions;
  /** The source is standard input: "-", or no source at all behind "--". */
  readonly fromInput: boolean;
  /** The target is standard output: "-". */
  readonly toOutput: boolean;
  /** Nothing is written, what would be copied is listed. */
  readonly dryRun: boolean;
  /** A file on this side for digests of what was copied. */
  readonly manifest?: string;
  /** Print errors only. */
  readonly quiet: boolean;
  /** A file that is appended to. */
  readonly log?: string;
  /** Show rates in bits instead of bytes. */
  readonly bits: boolean;
  /** Tell programs on stdout what happens. */
  readonly json: boolean;
}

/**
 * From the arguments to a checked command.
 * @throws UsageError where they make no sense.
 */
export function readCommandLine(args: readonly string[], environment: Environment): Command {
  const parsed = parseArguments(args);
  const { flags } = parsed;
  if (flags.help) return { kind: "help", all: parsed.operands.includes("all") };
  if (flags.man) return { kind: "man" };
  if (flags.version) return { kind: "version", verbose: (flags.verbose ?? 0) > 0 };
  if (flags.completions) return { kind: "completions", shell: flags.completions };
  if (flags.receiver) return { kind: "receiver", options: receiverOptions(parsed, environment) };
  if (flags["receiver-stream"]) {
    const { engine } = completeFlags(flags, { files: {}, env: environment.env, escpOptions: false });
    return { kind: "stream", port: flags["receiver-stream"], engine };
  }
  checkClean(flags);
  if (flags.clean) return { kind: "clean", options: cleanOptions(parsed, environment) };
  if (flags.install) return { kind: "install", options: installOptions(parsed, environment) };
  if (flags.doctor) return { kind: "doctor", options: doctorOptions(parsed, environment) };
  return { kind: "copy", options: copyOptions(parsed, environment) };
}

function receiverOptions({ flags: line, operands }: ParsedArguments, environment: Environment): ReceiverOptions {
  if (operands.length > 0) throw new UsageError('Option "--receiver" takes no operands: paths come with the session');
  const { env, configs = {} } = environment;
  // ESCP_OPTIONS is for who types a command line; sshd may let a client set it.
  const flags = completeFlags(line, { files: settingsFor(configs).options, env, escpOptions: false });
  const local = flags["local-peer"] ?? false;
  const limits = limitsOf(configs);
  return {
    engine: flags.engine,
    threads: flags.threads,
    verbose: line.verbose ?? 0,
    local,
    ports: portsOf(line),
    // Whoever started this end without ssh can do without it as well: there is nothing to confine.
    limits: local ? { cpumask: limits.cpumask, nodemask: limits.nodemask } : limits,
  };
}

function installOptions(
  { operands, flags: line }: ParsedArguments,
  { env, driveLetters, configs = {} }: Environment,
): InstallOptions {
  if (operands.length === 0) {
    throw new UsageError('Option "--install" needs the hosts to put escp on', { hint: "escp --install HOST..." });
  }
  for (const name of ["dry-run", "json", "doctor"] as const) {
    if (line[name]) throw new UsageError(`Cannot use "--${name}" with "--install"`);
  }
  const hosts = operands.map((text) => {
    const host = parseHost(text, { driveLetters });
    const flags = completeFlags(line, { files: settingsFor(configs, host.host).options, env, escpOptions: true });
    return { host, access: accessOf(flags), timeoutMs: flags.timeout * 1000 };
  });
  return { hosts, verbose: line.verbose ?? 0, quiet: line.quiet ?? false };
}

function doctorOptions(
  { operands: texts, flags: line }: ParsedArguments,
  { env, driveLetters, configs = {} }: Environment,
): DoctorOptions {
  const [text, directoryHere = "."] = texts;
  if (text === undefined || texts.length > 2) {
    throw new UsageError('Option "--doctor" needs one host to examine', {
      hint: "escp --doctor HOST[:DIR] [DIR HERE]",
    });
  }
  const operand = parseOperand(text, { driveLetters });
  const { path, ...remote } = operand.kind === "remote" ? operand : { ...parseHost(text, { driveLetters }), path: "" };
  if (parseOperand(directoryHere, { driveLetters }).kind === "remote") {
    throw new UsageError('Option "--doctor" examines one host: the second operand is a directory here');
  }
  const flags = completeFlags(line, { files: settingsFor(configs, remote.host).options, env, escpOptions: true });
  return {
    ...hostOptions(flags),
    remote: { host: remote.host, user: remote.user, port: remote.port },
    directoryThere: path,
    directoryHere,
    ms: flags["doctor-time"],
    quiet: flags.quiet ?? false,
    bits: flags.bits ?? false,
    json: flags.json ?? false,
  };
}

function copyOptions(
  { operands: given, afterDashes, flags: line }: ParsedArguments,
  environment: Environment,
): Options {
  // fastscp's way to say it: `cmd | escp -- host:file`.
  const fileList = fileListOf(line);
  const texts = given.length === 1 && afterDashes === 1 && !fileList ? ["-", ...given] : given;
  if (texts.length < 2 && !fileList) {
    const state = texts.length === 0 ? "Nothing to copy" : "The target is missing";
    throw new UsageError(`${state}: a source and a target are needed`, { hint: `${USAGE}; "escp --help" says more` });
  }
  const { env, driveLetters, configs = {} } = environment;
  const operands = texts.map((text) => parseOperand(text, { driveLetters }));
  const target = operands.pop();
  const flagsFor = (host?: { host: string }) => {
    const { options: files } = settingsFor(configs, host?.host);
    return completeFlags(line, { files, env, escpOptions: true });
  };
  const first = [target, ...operands].find((operand) => operand?.kind === "remote");
  const flags = flagsFor(first);
  if (flags["through-here"] && flags["from-origin"]) throw new UsageError('Options "-3" and "-R" exclude each other');
  const { cpumask, nodemask } = settingsFor(configs, first?.host);
  const hasHosts = [configs.system, configs.user].some((config) => config && config.hosts.length > 0);
  const ofHosts = ({ remote, origin }: Transfer) => ({
    ...hostOptions(flagsFor(remote)),
    originAccess: origin && accessOf(flagsFor(origin)),
  });
  const fromOrigin = flags["from-origin"] ?? false;
  const sources = operands.map((operand): Source => ({ operand, literal: false }));
  const transfers = fileList ? [] : planTransfers(sources, target, { fromOrigin });
  checkXattrs(flags, transfers);
  if (flags.verify && flags["dry-run"]) {
    throw new UsageError('Cannot use "--verify" with "--dry-run": nothing is written that could be read again');
  }
  const streams = standardStreams(operands, target, flags);
  checkDummy(flags, streams);
  checkManifest(flags, transfers, streams);
  return {
    sources,
    target,
    ...streams,
    expand: flags["local-patterns"] ?? false,
    fileList,
    fromOrigin,
    transfers,
    ...hostOptions(flags),
    dryRun: flags["dry-run"] ?? false,
    ...(hasHosts && { ofHosts }),
    ...(cpumask && { cpumask }),
    ...(nodemask && { nodemask }),
    ...(flags.manifest !== undefined && { manifest: flags.manifest }),
    quiet: flags.quiet ?? false,
    log: flags.log,
    bits: flags.bits ?? false,
    json: flags.json ?? false,
  };
}

function fileListOf({ filelist, null: nul }: RawFlags): FileList | undefined {
  if (filelist !== undefined) return { file: filelist, nul: nul ?? false };
  if (nul) throw new UsageError('Option "-0" is for the names in a list: "--filelist" is missing');
}

/** Digests are of files on this side. */
function checkManifest(
  flags: RawFlags,
  transfers: readonly Transfer[],
  { fromInput, toOutput }: Pick<Options, "fromInput" | "toOutput">,
): void {
  if (flags.manifest === undefined) return;
  const refuse = (what: string, why: string) => {
    throw new UsageError(`Cannot use "--manifest" ${what}: ${why}`);
  };
  if (fromInput || toOutput) refuse(`with standard ${fromInput ? "input" : "output"}`, "it cannot be read again");
  if (flags["dry-run"]) refuse('with "--dry-run"', "nothing is copied");
  if (dummyOf(flags.ioengine)) refuse('with "--ioengine dummy"', "nothing is copied");
  if (transfers.some(({ direction }) => direction === "relay" || direction === "origin")) {
    refuse("between two other hosts", "the files are not on this one");
  }
}

function checkDummy(flags: RawFlags, { fromInput }: Pick<Options, "fromInput">): void {
  const dummy = dummyOf(flags.ioengine);
  const option = comparing(flags);
  if (dummy && option) {
    throw new UsageError(`Cannot use "${option}" with "--ioengine dummy": there is nothing to compare with`);
  }
  if (!fromInput || dummy === undefined || dummy === "receiver") return;
  throw new UsageError('Cannot use "--ioengine dummy" with standard input', {
    hint: "The sizes of files are needed: name some, or use --ioengine posix::dummy",
  });
}

/** The option that needs something at the target to compare with. */
function comparing(flags: RawFlags): string | undefined {
  if (flags.verify) return "--verify";
  if (flags.checksum) return "--checksum";
  return flags.update ? "--update" : flags["dry-run"] ? "--dry-run" : undefined;
}

/** Paths of standard output. They name another file in the other process of a local copy. */
const OUTPUT_PATHS = ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];

/** "-" as an operand. A file of that name is written "./-". */
function standardStreams(
  sources: readonly Operand[],
  target: Operand | undefined,
  flags: CompleteFlags,
): Pick<Options, "fromInput" | "toOutput"> {
  const isDash = (operand?: Operand) => operand?.kind === "local" && operand.path === "-";
  const fromInput = sources.some(isDash);
  const toOutput = isDash(target) || (target?.kind === "local" && OUTPUT_PATHS.includes(target.path));
  if (flags.filelist !== undefined && (fromInput || toOutput)) {
    throw new UsageError('Cannot use "-" as a source or target together with "--filelist"');
  }
  if (fromInput && sources.length > 1) {
    throw new UsageError('Cannot copy standard input ("-") together with other sources');
  }
  if (fromInput && toOutput) {
    throw new UsageError("Cannot copy standard input to standard output: neither is elsewhere");
  }
  if (toOutput && sources.length > 1) throw new UsageError("Cannot copy several sources to standard output");
  if (fromInput || toOutput) {
    const option = comparing(flags);
    const stream = fromInput ? "input" : "output";
    if (option) {
      throw new UsageError(`Cannot use "${option}" with standard ${stream}: there is nothing to compare with`);
    }
  }
  if (toOutput && flags.json) throw new UsageError('Cannot use "--json" when the data goes to standard output');
  return { fromInput, toOutput };
}

/** What this end must be able to do; that of the other is asked there. */
function checkXattrs(flags: CompleteFlags, transfers: readonly Transfer[]): void {
  const isHere = transfers.some(({ direction }) => direction !== "relay" && direction !== "origin");
  if (flags.engine !== "portable" || !isHere) return;
  for (const name of ["xattrs", "acls"] as const) {
    if (!flags[name]) continue;
    throw new UsageError(`Cannot use "--${name}" with the portable engine: it cannot see them`, {
      hint: "Use --engine native, on Linux",
    });
  }
}
