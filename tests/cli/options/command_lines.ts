/** Command lines for tests of options. */

import { assertThrows } from "@std/assert";
import { type Command, commandOf } from "../../../src/cli/options/command.ts";
import { parseArguments } from "../../../src/cli/options/parse_arguments.ts";
import type { RunOptions } from "../../../src/cli/options/run_options.ts";
import { UsageError } from "../../../src/errors.ts";

/** Parses a command line without configuration files. */
export function readLine(args: readonly string[], env: Record<string, string> = {}): Command {
  return commandOf(parseArguments(args), { env: (name) => env[name], driveLetters: false });
}

/** Options of each task that has options. */
type TaskOptions = { [Task in Extract<Command, { options: unknown }> as Task["kind"]]: Task["options"] };

/** Parses a command line of this kind of task. */
export function optionsOf<Kind extends keyof TaskOptions>(kind: Kind, ...args: string[]): TaskOptions[Kind] {
  const command = readLine(args);
  if (command.kind !== kind || !("options" in command)) throw new Error(`Not ${kind}: ${command.kind}`);
  return command.options as TaskOptions[Kind];
}

/** Parses the command line of a copy. */
export function copyRun(...args: string[]): RunOptions {
  return optionsOf("copy", ...args);
}

/** Returns the message with which a command line is refused. */
export function usageError(...args: string[]): string {
  return assertThrows(() => readLine(args), UsageError).message;
}
