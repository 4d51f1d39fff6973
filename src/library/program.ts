/** The program that uses the library, and its settings. */

import type { ParsedArguments } from "../cli/options/parse_arguments.ts";
import { type Command, commandOf } from "../cli/options/command.ts";
import type { Flag } from "../cli/options/flag.ts";
import type { RawFlags } from "../cli/options/flags.ts";
import { readSettings } from "../cli/options/settings.ts";
import type { Program } from "../cli/program.ts";
import { UsageError } from "../errors.ts";
import type { SshEvent } from "./events.ts";
import { localPeer } from "./local_peer.ts";
import { optionFlags } from "./option_flags.ts";
import type { ConnectionOptions } from "./options.ts";

/** Returns the program of a run, to be disposed at its end. @param emit receives each line that ssh prints. */
export function libraryProgram(
  emit: (event: SshEvent) => void,
  { threads }: { threads?: number } = {},
): Program & Disposable {
  const texts = new Map<string, { decoder: TextDecoder; line: string }>();
  return {
    isEscp: false,
    localPeer: ({ engine }) => localPeer({ engine, threads }),
    onErrorOutput(host, bytes) {
      const text = texts.get(host) ?? { decoder: new TextDecoder(), line: "" };
      texts.set(host, text);
      const lines = (text.line + text.decoder.decode(bytes, { stream: true })).split(/\r?\n|\r/);
      // A line that never ends must not fill the memory.
      text.line = lines.pop()!.slice(-MAX_LINE);
      for (const line of lines) if (line !== "") emit({ type: "ssh", host, line });
    },
    [Symbol.dispose]() {
      for (const [host, { line }] of texts) if (line !== "") emit({ type: "ssh", host, line });
    },
  };
}

/** Maximum length of an unfinished line of ssh, in UTF-16 units. */
const MAX_LINE = 4_096;

/** The task of a function of the library, in the words of the command line. */
export interface Task {
  operands: readonly string[];
  options: ConnectionOptions;
  /** Rows of the function, besides those for connections. */
  known: readonly Flag[];
  /** Switches that select the task. */
  flags: RawFlags;
}

/**
 * Returns the task with valid options. Configuration files apply as on the command line, except for the output options.
 * ESCP_OPTIONS is for users who type command lines.
 *
 * @throws {UsageError} for invalid options and operands, before anything is started.
 */
export async function commandFor<Kind extends Command["kind"]>(
  kind: Kind,
  { operands, options, known, flags: task }: Task,
): Promise<Extract<Command, { kind: Kind }>> {
  for (const operand of operands) {
    if (typeof operand !== "string") throw new UsageError("A source or target is not a string");
    if (operand.includes("\0")) throw new UsageError("A source or target contains a NUL character");
  }
  const printed: RawFlags = { quiet: false, verbose: 0, json: false, stats: false };
  const threads = threadsOf(options);
  const flags = { ...printed, "dry-run": false, ...optionFlags(options, known), ...task, batch: !options.interactive };
  const parsed: ParsedArguments = {
    operands: [...operands],
    flags: threads === undefined ? flags : { ...flags, threads },
  };
  const env = (name: string) => name === "ESCP_OPTIONS" ? undefined : Deno.env.get(name);
  const configs = await readSettings(env);
  const command = commandOf(parsed, { env, driveLetters: Deno.build.os === "windows", configs });
  if (command.kind !== kind) throw new UsageError(`These options are not for ${kind}`);
  return command as Extract<Command, { kind: Kind }>;
}

/** Returns the number of Workers. A compiled program contains their modules only if it was compiled with `--include`. */
export function threadsOf({ threads }: Pick<ConnectionOptions, "threads">): number | undefined {
  return threads ?? (Deno.build.standalone ? 0 : undefined);
}
