/** `--complete`: the part of a completion that the scripts of the shells leave to escp: hosts and remote paths. */

import type { Configs } from "../../config/files.ts";
import { settingsFor } from "../../config/effective.ts";
import { UserError } from "../../errors.ts";
import { ownHome } from "../../files/path/tilde.ts";
import { knownHostNames } from "../../ssh/known_names.ts";
import { parseOperand, type RemoteOperand } from "../../ssh/operand.ts";
import { listRemoteNames } from "../../ssh/remote_names.ts";
import type { SshOptions } from "../../ssh/command.ts";
import { hostAccess } from "../options/host_options.ts";
import { type Environment, parseArguments } from "../options/parse_arguments.ts";
import type { RawFlags } from "../options/flags.ts";
import { completeFlags, readSettings } from "../options/settings.ts";
import { readBashLine, replaceTyped } from "./bash_line.ts";

/** Reader of the answer. `hosts`: host names for the value of an option, in any shell. */
export type CompletionReader = "bash" | "zsh" | "fish" | "hosts";

type Variables = Environment["env"];

/** Completions of the word that is being typed. */
interface Found {
  kind: "remote" | "hosts" | "local";
  /** Position in the word from which on a name replaces it. */
  base: number;
  /** Names without quotes. A name ends in "/" or ":" if the word continues after it. */
  names: string[];
}

/**
 * Returns the answer: a name per line. Never prompts, and never throws for invalid input of the user.
 *
 * @param words For bash the line up to the cursor, and the part of its last word that bash will replace. Otherwise the words after
 * the name of the program without quotes; the last is being typed, except for `hosts`.
 */
export async function completion(reader: CompletionReader, words: readonly string[], env: Variables): Promise<string> {
  if (reader === "hosts") return lines(await hostNames(flagsOf(words, env) ?? flagsOf(words.slice(0, -1), env), env));
  if (reader === "bash") return await completeBashLine(words[0] ?? "", words[1] ?? "", env);
  const current = words.at(-1) ?? "";
  const { base, names } = await find(words.slice(0, -1), current, env);
  // zsh compares only the last component.
  return lines(reader === "zsh" ? names : names.map((name) => current.slice(0, base) + name));
}

/** Returns lines. The first has the kind of the word. The others replace the part of the word that bash will replace. */
async function completeBashLine(line: string, replaced: string, env: Variables): Promise<string> {
  const { words, current } = readBashLine(line, env);
  const found = await find(words.slice(1), current.text, env);
  const kept = current.raw.endsWith(replaced) ? current.raw.slice(0, current.raw.length - replaced.length) : undefined;
  const names = found.names.flatMap((name) => {
    const word = replaceTyped(current, found.base, name);
    return word !== undefined && kept !== undefined && word.startsWith(kept) ? [word.slice(kept.length)] : [];
  });
  return lines([found.kind, ...names]);
}

async function find(previous: readonly string[], current: string, env: Variables): Promise<Found> {
  const jump = previous.length > 0 && /^(-J|--jump)$/.test(previous.at(-1)!);
  const attached = /^(?:-J|--jump=)/.exec(current);
  if (jump || attached) {
    // A value such as "user@one,two".
    const base = Math.max(current.lastIndexOf(","), current.lastIndexOf("@"), (attached?.[0].length ?? 0) - 1) + 1;
    const flags = flagsOf(jump ? previous.slice(0, -1) : previous, env);
    const prefix = current.slice(base);
    return { kind: "hosts", base, names: (await hostNames(flags, env)).filter((name) => name.startsWith(prefix)) };
  }
  const flags = flagsOf(previous, env);
  const operand = operandOf(current);
  if (!operand) {
    if (current.includes("/") || current.includes(":")) return { kind: "local", base: 0, names: [] };
    const base = current.lastIndexOf("@") + 1;
    const names = (await hostNames(flags, env)).filter((name) => name.startsWith(current.slice(base)));
    return { kind: "hosts", base, names: names.map((name) => `${name}:`) };
  }
  const isUri = /^scp:\/\//i.test(current);
  const base = current.length - operand.path.length + operand.path.lastIndexOf("/") + 1;
  const ssh = flags && !isUri ? await sshFor(flags, operand.host, env) : undefined;
  return { kind: "remote", base, names: ssh ? await listRemoteNames(ssh, operand) : [] };
}

/** Returns a remote operand; undefined for a local one. */
function operandOf(text: string): RemoteOperand | undefined {
  try {
    const operand = parseOperand(text, { driveLetters: Deno.build.os === "windows" });
    return operand.kind === "remote" ? operand : undefined;
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** Returns the options before the word; undefined if they are invalid. */
function flagsOf(words: readonly string[], env: Variables): RawFlags | undefined {
  const home = env("HOME");
  // zsh and fish pass words that the shell has not expanded.
  const expanded = words.map((word) => home ? word.replace(/^(?:~|\$HOME|\$\{HOME\})(?=\/)/, () => home) : word);
  try {
    return parseArguments(expanded).flags;
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** Returns the options of ssh from the command line, the environment and configuration files; undefined if they are invalid. */
async function sshFor(flags: RawFlags, host: string | undefined, env: Variables): Promise<SshOptions | undefined> {
  try {
    const configs: Configs = await readSettings(env);
    return hostAccess(completeFlags(flags, { files: settingsFor(configs, host).options, env, escpOptions: true })).ssh;
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

async function hostNames(flags: RawFlags | undefined, env: Variables): Promise<string[]> {
  const ssh = await sshFor(flags ?? {}, undefined, env);
  return await knownHostNames({ configFile: ssh?.configFile, options: ssh?.options, home: ownHome(env) });
}

/** Names contain no line breaks. */
function lines(names: readonly string[]): string {
  return names.map((name) => `${name}\n`).join("");
}
