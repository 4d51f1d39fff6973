/** From the command line to an exit status. What a role needs is loaded when it is known: the remote end starts lean. */

import { EXIT_STATUS, exitStatusOf } from "./exit_status.ts";
import { type Command, readCommandLine } from "./options.ts";
import { rawArguments } from "./raw_arguments.ts";

/** Runs escp. @returns the exit status; never throws. */
export async function main(args: string[]): Promise<number> {
  let verbose = 0;
  try {
    const command = readCommandLine(rawArguments(args), {
      env: (name) => Deno.env.get(name),
      driveLetters: Deno.build.os === "windows",
    });
    if (command.kind === "copy" || command.kind === "receiver") verbose = command.options.verbose;
    return await run(command);
  } catch (error) {
    const { errorReport } = await import("./report_error.ts");
    const { writeStderr } = await import("../ui/stderr.ts");
    writeStderr(errorReport(error, { verbose }).join("\n") + "\n");
    return exitStatusOf(error);
  }
}

async function run(command: Command): Promise<number> {
  switch (command.kind) {
    case "help":
      console.log((await import("./help.ts")).helpText().trimEnd());
      return EXIT_STATUS.ok;
    case "version":
      console.log((await import("./show_version.ts")).showVersion(command.verbose).trimEnd());
      return EXIT_STATUS.ok;
    case "completions":
      console.log((await import("./completions.ts")).completionScript(command.shell).trimEnd());
      return EXIT_STATUS.ok;
    case "receiver":
      return await (await import("./run_receiver.ts")).runReceiver(command.options);
    case "copy":
      return await (await import("./run_copy.ts")).runCopy(command.options);
  }
}
