import { createFilter, type FilterRule } from "../files/filter.ts";
import { UsageError } from "../errors.ts";
import { type Operand, parseOperand } from "../ssh/operand.ts";
import type { SshOptions } from "../ssh/ssh_command.ts";
import type { Flag } from "./flag.ts";
import { parseFlagValue } from "./flag_value.ts";
import { FLAGS, type RawFlags } from "./flags.ts";
import { USAGE } from "./help.ts";
import type { FileList } from "./file_list.ts";
import { type Leg, planLegs, type Source } from "./legs.ts";
import { parseArguments, type ParsedArguments } from "./parse_arguments.ts";

/** What the command line asks for. */
export type Command =
  | { readonly kind: "help" }
  | { readonly kind: "version"; readonly verbose: boolean }
  | { readonly kind: "completions"; readonly shell: Shell }
  | { readonly kind: "receiver"; readonly options: ReceiverOptions }
  | { readonly kind: "copy"; readonly options: Options };

export type CipherName = "aes-128-gcm" | "aes-256-gcm";
export type EngineChoice = "auto" | "portable" | "native";
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
}

/** A copy that can be started: everything is checked. */
export interface Options extends Omit<ReceiverOptions, "local"> {
  /** Empty only beside a list. */
  readonly sources: readonly Source[];
  /** Left out only beside a list, whose entries may have targets of their own. */
  readonly target?: Operand;
  /** Names further sources. */
  readonly fileList?: FileList;
  /** From one remote host to another: escp is to run on the first. */
  readonly fromOrigin: boolean;
  /** The sources by host: each is copied over a session of its own. Empty as long as a list is not read. */
  readonly legs: readonly Leg[];
  /** The source is standard input: "-", or no source at all behind "--". */
  readonly fromInput: boolean;
  /** The target is standard output: "-". */
  readonly toOutput: boolean;
  /** Where escp is on other hosts. */
  readonly remotePath: string;
  readonly ssh: SshOptions;
  /** Connections that carry the data: 1 to 64. */
  readonly streams: number;
  readonly cipher: CipherName;
  readonly recursive: boolean;
  readonly preserve: boolean;
  readonly symlinks: "follow" | "preserve" | "skip";
  readonly hardlinks: boolean;
  readonly xattrs: boolean;
  readonly acls: boolean;
  /** Holes of files stay holes. */
  readonly sparse: boolean;
  /** Most bytes a second; 0: as fast as it goes. */
  readonly bytesPerSecond: number;
  /** Compress what is worth it. */
  readonly compress: boolean;
  /** Bytes of a block of a large file; undefined: what suits the engine. */
  readonly blockBytes?: number;
  /** Silence of the other side that ends a connection, in milliseconds. */
  readonly timeoutMs: number;
  /** Which paths below the sources are wanted, in the order given. */
  readonly filters: readonly FilterRule[];
  /** Print errors only. */
  readonly quiet: boolean;
  /** A file that is appended to. */
  readonly log?: string;
  /** Show rates in bits instead of bytes. */
  readonly bits: boolean;
  /** Tell programs on stdout what happens. */
  readonly json: boolean;
}

/** What the process knows besides its arguments. */
export interface Surroundings {
  /** The value of an environment variable: `(name) => Deno.env.get(name)`. */
  env: (name: string) => string | undefined;
  /** Whether `C:\x` is a local path: on Windows. */
  driveLetters: boolean;
}

/**
 * From the arguments to a checked command.
 * @throws UsageError where they make no sense.
 */
export function readCommandLine(args: readonly string[], surroundings: Surroundings): Command {
  const parsed = parseArguments(args);
  const { flags, operands } = parsed;
  if (flags.help) return { kind: "help" };
  if (flags.version) return { kind: "version", verbose: (flags.verbose ?? 0) > 0 };
  if (flags.completions) return { kind: "completions", shell: flags.completions };
  const complete = { ...DEFAULTS, ...fromEnvironment(surroundings.env), ...flags };
  if (flags.receiver) return { kind: "receiver", options: receiverOptions(complete, operands) };
  return { kind: "copy", options: copyOptions(complete, parsed, surroundings) };
}

/** The values that hold when nothing else was said, from the table. */
const DEFAULTS = Object.fromEntries(
  (FLAGS as readonly Flag[]).filter((flag) => flag.default !== undefined).map((flag) => [flag.name, flag.default]),
) as Required<Pick<RawFlags, "streams" | "timeout" | "cipher" | "engine" | "ssh" | "remote-path">>;

type CompleteFlags = RawFlags & typeof DEFAULTS;

function fromEnvironment(env: Surroundings["env"]): RawFlags {
  const values: Record<string, string | number> = {};
  for (const flag of FLAGS as readonly Flag[]) {
    const text = flag.env && env(flag.env);
    if (text) values[flag.name] = parseFlagValue(flag, text, flag.env!);
  }
  return values as RawFlags;
}

function receiverOptions(flags: CompleteFlags, operands: readonly string[]): ReceiverOptions {
  if (operands.length > 0) throw new UsageError('Option "--receiver" takes no operands: paths come with the session');
  return {
    engine: flags.engine,
    threads: flags.threads,
    verbose: flags.verbose ?? 0,
    local: flags["local-peer"] ?? false,
  };
}

function copyOptions(
  flags: CompleteFlags,
  { operands: given, afterDashes }: ParsedArguments,
  { driveLetters }: Surroundings,
): Options {
  // fastscp's way to say it: `cmd | escp -- host:file`.
  const fileList = fileListOf(flags);
  const texts = given.length === 1 && afterDashes === 1 && !fileList ? ["-", ...given] : given;
  if (texts.length < 2 && !fileList) {
    const state = texts.length === 0 ? "Nothing to copy" : "The target is missing";
    throw new UsageError(`${state}: a source and a target are needed`, { hint: `${USAGE}; "escp --help" says more` });
  }
  const archive = flags.archive ?? false;
  const filters = flags.rules ?? [];
  // A rule that cannot be used is found before anything is opened.
  createFilter(filters);
  const operands = texts.map((text) => parseOperand(text, { driveLetters }));
  const target = operands.pop();
  const streams = standardStreams(operands, target, flags);
  const fromOrigin = flags["from-origin"] ?? false;
  const sources = operands.map((operand): Source => ({ operand, literal: false }));
  const legs = fileList ? [] : planLegs(sources, target, { fromOrigin });
  checkXattrs(flags, legs);
  return {
    sources,
    target,
    ...streams,
    fileList,
    fromOrigin,
    legs,
    remotePath: flags["remote-path"],
    ssh: sshOptions(flags),
    streams: flags.streams,
    cipher: flags.cipher,
    engine: flags.engine,
    threads: flags.threads,
    recursive: flags.recursive ?? archive,
    // An access control list says more of the same as the mode, and each changes the other.
    preserve: flags.preserve ?? (archive || (flags.acls ?? false)),
    symlinks: flags.symlinks ?? (archive ? "preserve" : "follow"),
    hardlinks: flags.hardlinks ?? archive,
    xattrs: flags.xattrs ?? false,
    acls: flags.acls ?? false,
    sparse: flags.sparse ?? archive,
    // Kbit/s, as scp has it.
    bytesPerSecond: Math.ceil((flags.limit ?? 0) * 1000 / 8),
    compress: flags.compress ?? false,
    blockBytes: flags.blocksize,
    timeoutMs: flags.timeout * 1000,
    filters,
    quiet: flags.quiet ?? false,
    log: flags.log,
    bits: flags.bits ?? false,
    json: flags.json ?? false,
    verbose: flags.verbose ?? 0,
  };
}

function fileListOf({ filelist, null: nul }: CompleteFlags): FileList | undefined {
  if (filelist !== undefined) return { file: filelist, nul: nul ?? false };
  if (nul) throw new UsageError('Option "-0" is for the names in a list: "--filelist" is missing');
}

/** "-" as an operand. A file of that name is written "./-". */
function standardStreams(
  sources: readonly Operand[],
  target: Operand | undefined,
  flags: CompleteFlags,
): Pick<Options, "fromInput" | "toOutput"> {
  const isDash = (operand?: Operand) => operand?.kind === "local" && operand.path === "-";
  const fromInput = sources.some(isDash);
  const toOutput = isDash(target);
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
  if (toOutput && flags.json) throw new UsageError('Cannot use "--json" when the data goes to standard output');
  return { fromInput, toOutput };
}

/** What this end must be able to do; that of the other is asked there. */
function checkXattrs(flags: CompleteFlags, legs: readonly Leg[]): void {
  const isHere = legs.some(({ direction }) => direction !== "relay" && direction !== "origin");
  if (flags.engine !== "portable" || !isHere) return;
  for (const name of ["xattrs", "acls"] as const) {
    if (!flags[name]) continue;
    throw new UsageError(`Cannot use "--${name}" with the portable engine: it cannot see them`, {
      hint: "Use --engine native, on Linux",
    });
  }
}

function sshOptions(flags: CompleteFlags): SshOptions {
  if (flags.ipv4 && flags.ipv6) throw new UsageError('Options "-4" and "-6" exclude each other');
  return {
    program: flags.ssh,
    port: flags.port,
    identities: flags.identity ?? [],
    configFile: flags["ssh-config"],
    jump: flags.jump,
    options: flags["ssh-option"] ?? [],
    cipher: flags["ssh-cipher"],
    addressFamily: flags.ipv4 ? "ipv4" : flags.ipv6 ? "ipv6" : undefined,
    batch: flags.batch ?? false,
    forwardAgent: flags["forward-agent"] ?? false,
    quiet: flags.quiet ?? false,
    // The first -v is about escp: the sixty lines that ssh -v prints would bury what it says.
    verbose: Math.max(0, (flags.verbose ?? 0) - 1),
  };
}
