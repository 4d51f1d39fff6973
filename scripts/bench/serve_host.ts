/** `escp --serve` on loopback for a case of the benchmark, with a client's key. */

import { createKey } from "../../tests/support/hosts/client_key.ts";
import { PrintedText } from "../../tests/support/escp/printed_text.ts";

/** A running server. Disposing ends it. */
export interface ServeHost extends AsyncDisposable {
  readonly pid: number;
  /** Operand of the directory that it serves. */
  readonly url: string;
  /** Options of its clients. */
  readonly options: readonly string[];
}

/** Where a server runs. */
export interface ServeHostOptions {
  /** Absolute path of the executable. */
  escp: string;
  /** Directory to serve. */
  root: string;
  /** Home directory of the server, for its keys. It is outside of the root. */
  home: string;
  env: Record<string, string>;
}

/** Starts a server. */
export async function startServeHost({ escp, root, home, env }: ServeHostOptions): Promise<ServeHost> {
  const directory = `${home}/serve`;
  await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
  const key = await createKey();
  await Deno.writeTextFile(`${directory}/key`, key.file, { mode: 0o600 });
  await Deno.writeTextFile(`${directory}/authorized_keys`, `${key.line}\n`, { mode: 0o600 });
  const child = new Deno.Command(escp, {
    args: ["--serve", "--listen", "127.0.0.1:0", "--root", root, "--authorized-keys", `${directory}/authorized_keys`],
    env: { ...env, XDG_CONFIG_HOME: directory },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const printed = new PrintedText(child.stderr);
  await printed.waitFor(/serving .* at \S+:\d+, certificate/);
  const port = Number(/ at \S+:(\d+), certificate/.exec(printed.text)![1]);
  return {
    pid: child.pid,
    url: `escps://127.0.0.1:${port}/`,
    options: ["--accept-new", "-i", `${directory}/key`],
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await Promise.all([child.status, printed.ended]);
    },
  };
}
