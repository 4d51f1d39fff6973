/** Options of `--receiver`. Separate from the other tasks, because the remote end loads nothing else before its hello. */

import { type HostLimits, limitsOf, settingsFor } from "../../config/effective.ts";
import type { EngineChoice } from "../../crypto/engines.ts";
import { UsageError } from "../../errors.ts";
import type { PortRange } from "../../ssh/port_range.ts";
import type { RawFlags } from "./flags.ts";
import { type OutputOptions, outputOptions } from "./output_options.ts";
import type { Environment, ParsedArguments } from "./parse_arguments.ts";
import { parsePorts } from "./values/ports.ts";
import { narrowedLimits } from "./serve_options.ts";
import { completeFlags } from "./settings.ts";

/** Options of the remote end. All others come from the client, in the session. */
export interface ReceiverOptions {
  readonly engine: EngineChoice;
  /** Number of Workers for streams. Default: depends on the cores of this machine. */
  readonly threads?: number;
  /** Whether the client is on this machine, and started this end without ssh. */
  readonly local: boolean;
  /** Whether `escp --serve` has started this end. */
  readonly served: boolean;
  /** Whether data connections come from this machine only, because the server passes them on. */
  readonly onePort: boolean;
  /** Address of this machine for data connections. Default: all. */
  readonly address?: string;
  /** Ports that the client requests for the data. */
  readonly ports?: PortRange;
  /** Limits that this host sets for all clients. */
  readonly limits: HostLimits;
  readonly output: OutputOptions;
}

/** The task of `--receiver`. */
export interface ReceiverCommand {
  readonly kind: "receiver";
  readonly options: ReceiverOptions;
}

/** Returns whether the task only prints a text. It takes precedence over all others. */
export function printsText({ help, man, version, completions, complete, ...flags }: RawFlags): boolean {
  return [help, man, version, completions, complete, flags["json-schema"]].some(Boolean);
}

/** Returns whether the task is `--receiver`. */
export function isReceiver(flags: RawFlags): boolean {
  return flags.receiver === true && !printsText(flags);
}

/** Returns the task of `--receiver`. @throws {UsageError} for operands and invalid options. */
export function receiverCommand({ flags: line, operands }: ParsedArguments, environment: Environment): ReceiverCommand {
  if (operands.length > 0) throw new UsageError('Option "--receiver" takes no operands: paths come with the session');
  const { env, configs = {} } = environment;
  // ESCP_OPTIONS is for users who type command lines. sshd may let a client set it.
  const flags = completeFlags(line, { files: settingsFor(configs).options, env, escpOptions: false });
  const local = flags["local-peer"] ?? false;
  const limits = limitsOf(configs);
  const options: ReceiverOptions = {
    engine: flags.engine,
    threads: flags.threads,
    local,
    served: line.served ?? false,
    onePort: line["one-port"] ?? false,
    address: line.listen,
    ports: parsePorts(line),
    // A user who can start this end without ssh can also access files without it: confinement would have no effect.
    limits: local
      ? { cpumask: limits.cpumask, nodemask: limits.nodemask }
      : { ...narrowedLimits(limits, line), isServed: line.served },
    output: outputOptions({ verbose: line.verbose, quiet: !line.verbose }),
  };
  return { kind: "receiver", options };
}
