/** Starts an ssh-agent for one test. */

import { runTool } from "./ssh_tools.ts";

/** A running ssh-agent. */
export interface TestAgent extends AsyncDisposable {
  /** Path of its socket. */
  readonly path: string;
  /** Runs ssh-add. Without a terminal, passphrases are those of `passphrase`. */
  add(args: string[], passphrase?: string): Promise<void>;
}

/** Starts an ssh-agent with a socket in the directory. Disposing ends it. */
export async function startAgent(directory: string): Promise<TestAgent> {
  const path = `${directory}/agent`;
  const child = new Deno.Command("ssh-agent", {
    args: ["-D", "-a", path],
    // Keys that need a confirmation are refused.
    env: { SSH_ASKPASS: "false", SSH_ASKPASS_REQUIRE: "force" },
    stdout: "piped",
    stderr: "null",
  }).spawn();
  // The agent prints the name of its socket when it listens.
  const reader = child.stdout.getReader();
  await reader.read();
  return {
    path,
    add: async (args, passphrase = "") => {
      const ask = `${directory}/askpass`;
      await Deno.writeTextFile(ask, `#!/bin/sh\necho '${passphrase}'\n`, { mode: 0o700 });
      const env = { SSH_AUTH_SOCK: path, SSH_ASKPASS: ask, SSH_ASKPASS_REQUIRE: "force" };
      await runTool("ssh-add", ["-q", ...args], { env });
    },
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      await child.status;
      await reader.cancel();
    },
  };
}
