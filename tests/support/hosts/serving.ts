/** `escp --serve` as a process, and a client with a key that it accepts. No ssh server is used. */

import { type EscpOptions, type EscpResult, runEscp, type RunningEscp, startEscp } from "../escp/escp_command.ts";
import { addStateHome } from "../escp/state.ts";
import { createTempDirectory } from "../files/temp.ts";
import { createKey } from "./client_key.ts";

/** Removes variables that a client from source refuses. */
const NO_AUTHORITIES = { DENO_TLS_CA_STORE: undefined, DENO_CERT: undefined, NODE_EXTRA_CA_CERTS: undefined };

/** Settings of a server. */
export interface ServingOptions {
  /** Further arguments, such as "--one-port". */
  args?: readonly string[];
  /** Options before the client's key in the file of authorized keys, such as `allow="push"`. */
  keyOptions?: string;
  /** Configuration of the server's host, in YAML. */
  config?: string;
  /** Directory to serve. Default: a new one. */
  root?: string;
  /** Path of that directory for the server. Default: the same. */
  rootName?: string;
  /** Variables of the server; undefined removes one. */
  env?: Record<string, string | undefined>;
  /** Address to listen at. Default: loopback. */
  address?: string;
  /** Returns the command that starts the server in place of `escpCommand()`, for these directories. */
  command?: (directories: Pick<Serving, "root" | "serverHome">) => readonly string[] | Promise<readonly string[]>;
  /** Network namespaces of the server and its clients. */
  namespaces?: { server: string; client: string };
  /** Lets clients trust the server without a question. Default: true. */
  isTrusted?: boolean;
}

/** A running server, whose clients have a home directory of their own. */
export interface Serving extends AsyncDisposable {
  /** Directory that the server confines its sessions to. */
  readonly root: string;
  /** An empty directory for the client. */
  readonly work: string;
  readonly server: RunningEscp;
  readonly serverHome: string;
  readonly clientHome: string;
  readonly port: number;
  /** Standard output of the server so far: with --once, the URL. */
  readonly output: string;
  /** Returns the operand of a path below the root. */
  url(path?: string): string;
  /** Runs escp as a client, in `work`. */
  run(args: readonly string[], options?: EscpOptions): Promise<EscpResult>;
  /** Starts escp as a client, in `work`. */
  start(args: readonly string[], options?: EscpOptions): Promise<RunningEscp>;
}

/** Starts a server. Disposing ends it. */
export async function startServing(options: ServingOptions = {}): Promise<Serving> {
  const { args = [], keyOptions, address = "127.0.0.1", namespaces, isTrusted = true } = options;
  const directory = await createTempDirectory();
  const [ownRoot, work, serverHome, clientHome] = ["root", "work", "server", "client"].map((name) =>
    `${directory.path}/${name}`
  );
  const root = options.root ?? ownRoot;
  for (const path of [ownRoot, work]) await Deno.mkdir(path);
  for (const home of [serverHome, clientHome]) {
    addStateHome(home);
    await Deno.mkdir(`${home}/.config/escp`, { recursive: true });
    await Deno.mkdir(`${home}/.ssh`);
  }
  const key = await createKey();
  await Deno.writeTextFile(`${clientHome}/.ssh/id_ed25519`, key.file, { mode: 0o600 });
  const line = keyOptions === undefined ? key.line : `${keyOptions} ${key.line}`;
  await Deno.writeTextFile(`${serverHome}/.config/escp/authorized_keys`, `${line} test-client\n`, { mode: 0o600 });
  if (options.config !== undefined) await Deno.writeTextFile(`${serverHome}/.config/escp/config.yaml`, options.config);
  const command = await options.command?.({ root, serverHome });
  const server = await startEscp(["--serve", "--listen", `${address}:0`, "--root", options.rootName ?? root, ...args], {
    command,
    cwd: directory.path,
    env: { HOME: serverHome, ...options.env },
    namespace: namespaces?.server,
    timeoutMs: 300_000,
  });
  await server.waitForText("stderr", /serving .* at \S+:\d+, certificate/);
  if (args.includes("--once")) await server.waitForText("stdout", /\n/);
  const port = Number(/ at \S+:(\d+), certificate/.exec(server.printed.stderr)![1]);
  const settings = (given: EscpOptions = {}): EscpOptions => ({
    cwd: work,
    namespace: namespaces?.client,
    ...given,
    env: { HOME: clientHome, ...NO_AUTHORITIES, ...given.env },
  });
  const trust = isTrusted ? ["--accept-new"] : [];
  return {
    root,
    work,
    server,
    serverHome,
    clientHome,
    port,
    get output() {
      return server.printed.stdout;
    },
    url: (path = "") => `escps://${address}:${port}/${path}`,
    run: (words, given) => runEscp([...trust, ...words], settings(given)),
    start: (words, given) => startEscp([...trust, ...words], settings(given)),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}
