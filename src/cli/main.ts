/** Runs escp. The code of a task is loaded when the task is known, so that the remote end starts quickly. */

import { settingsFor } from "../config/effective.ts";
import type { Configs } from "../config/files.ts";
import { Interrupted, OutputClosed, UserError } from "../errors.ts";
import { checkCurrentDirectory } from "./current_directory.ts";
import { EXIT_STATUS, exitStatusOf } from "./exit_status.ts";
import type { RawFlags } from "./options/flags.ts";
import type { Command } from "./options/command.ts";
import { parseArguments, type ParsedArguments } from "./options/parse_arguments.ts";
import { rawArguments } from "./options/raw_arguments.ts";
import { isReceiver, printsText, receiverCommand } from "./options/receiver_command.ts";
import { completeFlags, readSettings } from "./options/settings.ts";

/** Variable with the key of a one-time URL, or with the whole URL. */
const ONCE_KEY = "ESCP_ONCE_KEY";

/** Runs escp, and returns its exit status. Never throws. */
export async function main(args: string[]): Promise<number> {
  let verbose = 0;
  try {
    const env = (name: string) => Deno.env.get(name);
    const onceKey = env(ONCE_KEY);
    // Child processes would inherit it.
    if (onceKey !== undefined) Deno.env.delete(ONCE_KEY);
    const parsed = await completeArguments(parseArguments(rawArguments(args)));
    if (parsed === undefined) return EXIT_STATUS.ok;
    const { configs, problem } = await findConfigs(parsed.flags, env);
    if (parsed.operands.some((operand) => operand.endsWith("#k="))) await addKeys(parsed, { env, configs, onceKey });
    const environment = { env, driveLetters: Deno.build.os === "windows", configs };
    const command = isReceiver(parsed.flags)
      ? receiverCommand(parsed, environment)
      : (await import("./options/command.ts")).commandOf(parsed, environment);
    if (!printsText(parsed.flags)) checkCurrentDirectory();
    if ("options" in command) verbose = command.options.output.verbose;
    return await run(command, problem);
  } catch (error) {
    if (error instanceof OutputClosed) return exitStatusOf(error);
    const { errorReport } = await import("./report_error.ts");
    const { writeStderr } = await import("../log/write_all.ts");
    if (error instanceof Interrupted && !error.urgent) {
      (await import("./terminal_line.ts")).eraseInterruptedLine();
    }
    writeStderr(errorReport(error, { verbose }).join("\n") + "\n");
    return exitStatusOf(error);
  }
}

/**
 * Returns the arguments of a remote end that was started in advance, after the login of its client.
 *
 * @returns undefined if the server has ended.
 */
async function completeArguments(parsed: ParsedArguments): Promise<ParsedArguments | undefined> {
  if (!parsed.flags.receiver || !parsed.flags["await-grant"]) return parsed;
  const grant = await (await import("./run/spare_end.ts")).awaitGrant(parsed.flags.engine ?? "auto");
  if (grant === undefined) return undefined;
  // As sshd sets it: the addresses for data connections.
  Deno.env.set("SSH_CONNECTION", grant.connection);
  return parseArguments(grant.args);
}

/** Adds the keys of one-time URLs that are not in the arguments. */
async function addKeys(
  parsed: ParsedArguments,
  { env, configs, onceKey }: { env: (name: string) => string | undefined; configs: Configs; onceKey?: string },
): Promise<void> {
  const files = settingsFor(configs).options;
  const { batch = false } = completeFlags(parsed.flags, { files, env, escpOptions: true });
  const { withOnceKeys } = await import("./once_key.ts");
  parsed.operands = await withOnceKeys(parsed.operands, { variable: onceKey, batch });
}

/** Reads the configuration files. The remote end reports an invalid file to its client. */
async function findConfigs(
  flags: RawFlags,
  env: (name: string) => string | undefined,
): Promise<{ configs: Configs; problem?: UserError }> {
  if (printsText(flags) || flags["receiver-stream"]) return { configs: {} };
  try {
    return { configs: await readSettings(env) };
  } catch (error) {
    if (!flags.receiver || !(error instanceof UserError)) throw error;
    return { configs: {}, problem: error };
  }
}

async function run(command: Command, problem: UserError | undefined): Promise<number> {
  switch (command.kind) {
    case "help":
      await print(await helpText(command.all));
      return EXIT_STATUS.ok;
    case "man":
      await print((await import("./help/manual_page.ts")).manualPage());
      return EXIT_STATUS.ok;
    case "version":
      await print(await (await import("./show_version.ts")).showVersion(command.verbose));
      return EXIT_STATUS.ok;
    case "json-schema": {
      const { jsonSchema } = await import("../ui/json/json_schema.ts");
      const { VERSION } = await import("./version.ts");
      await print(JSON.stringify(jsonSchema(VERSION), undefined, 2));
      return EXIT_STATUS.ok;
    }
    case "completions":
      await print(
        command.install
          ? (await import("./completions/install.ts")).installCompletions(command.shell, (name) => Deno.env.get(name))
          : (await import("./completions/completions.ts")).completionScript(command.shell),
      );
      return EXIT_STATUS.ok;
    case "complete": {
      const { completion } = await import("./completions/complete.ts");
      const names = await completion(command.reader, command.words, (name) => Deno.env.get(name));
      // Not `print`: names may end in spaces.
      (await import("./stdout.ts")).writeStdout(names);
      return EXIT_STATUS.ok;
    }
    case "receiver":
      return await (await import("./run/receiver.ts")).runReceiver(command.options, problem);
    case "stream": {
      const { passStream } = await import("../session/tunnel/pass_stream.ts");
      const descriptors = command.engine === "portable" ? undefined : { input: 0, output: 1 };
      const passing = passStream(command.port, Deno.stdin, Deno.stdout, descriptors);
      (await import("./end_with_channel.ts")).endWithOutput();
      await passing;
      return EXIT_STATUS.ok;
    }
    case "install":
      return await (await import("./run/install.ts")).runInstall(command.options);
    case "doctor":
      return await (await import("./run/doctor.ts")).runDoctor(command.options);
    case "report":
      return await (await import("./run/render_report.ts")).runRenderReport(command);
    case "serve":
      return await (await import("./run/serve.ts")).runServe(command.options);
    case "clean":
      return await (await import("./run/clean.ts")).runClean(command.options);
    case "copy":
      return await (await import("./run/copy.ts")).runCopy(command.options);
  }
}

async function helpText(all: boolean): Promise<string> {
  const { fullHelp, shortHelp } = await import("./help/text.ts");
  return all ? fullHelp() : shortHelp();
}

async function print(text: string): Promise<void> {
  const { writeStdout } = await import("./stdout.ts");
  writeStdout(text.trimEnd() + "\n");
}
