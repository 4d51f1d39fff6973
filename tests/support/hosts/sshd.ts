/**
 * A real ssh server for one test or suite, with its own loopback port, host key, user key and home directory. The first
 * `escp` in the PATH of remote commands is that of this checkout. The ssh settings of the machine and the user are not used.
 */

import { afterAll, beforeAll } from "../bdd.ts";
import { type WrapperOptions, writeEscpWrapper } from "../escp/escp_command.ts";
import { SSHD_PATH } from "./needs_sshd.ts";
import { enter } from "./network.ts";
import { PrintedText } from "../escp/printed_text.ts";
import {
  descendantsOf,
  killProcess,
  processesWithEnvironment,
  type ProcessId,
  waitForNoProcess,
} from "../processes.ts";
import { writeWrapper } from "../shell_script.ts";
import { addStateHome } from "../escp/state.ts";
import { createTempDirectory, type TempDirectory } from "../files/temp.ts";

export interface SshdOptions {
  /** Settings of the remote `escp`; false: not installed ("command not found"). */
  escp?: WrapperOptions | false;
  /** Variables of every remote command. They override all others. */
  environment?: Record<string, string>;
  /** Addresses to listen on. The first is the HostName of "testhost". Default: 127.0.0.1. */
  addresses?: string[];
  /** Lines of sshd_config that override the usual ones, such as "AllowTcpForwarding no". */
  serverConfig?: string[];
  /** Lines of ssh_config before the usual ones, such as "Host inner", "ProxyJump testhost". */
  clientConfig?: string[];
  /** Network namespace of the server and its remote commands; see network.ts. */
  namespace?: string;
  /** Program and first arguments that run the server in other namespaces. */
  enter?: readonly string[];
  /** Command to run instead of every command that a client requests. */
  forceCommand?: string;
}

export interface Sshd extends AsyncDisposable {
  /** Options of ssh, scp and escp: `-F` and a configuration in which "testhost" and "testhost2" are this server. */
  readonly sshOptions: string[];
  /** Path of that configuration. */
  readonly configPath: string;
  /** Process of the server. Each connection has child processes of it. */
  readonly pid: number;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** Private key that may log in. */
  readonly keyPath: string;
  /** Public host key, in the form "ssh-ed25519 AAAA...". */
  readonly hostKey: string;
  /** HOME and working directory of the remote escp, initially empty. */
  readonly home: string;
  /** First directory in the PATH of remote commands. Tests may replace its `escp`. */
  readonly binDirectory: string;
  /** Variable "NAME=value" of every remote command, for `processesWithEnvironment`. */
  readonly marker: string;
  /** Returns the log of the server so far, level VERBOSE. */
  log(): string;
  /** Returns the processes of running remote commands. */
  sessions(): Promise<ProcessId[]>;
  /** Waits until all remote commands have exited; throws with the command lines of those that run after the deadline. */
  waitForNoSession(deadlineMs?: number): Promise<void>;
  /** Kills the server processes of all connections at once, like a network failure. The server keeps running. */
  cutConnections(): Promise<void>;
}

// Below the range of ephemeral ports, which outgoing connections may occupy.
const FIRST_PORT = 20_000;
const PORT_COUNT = 12_000;
const ATTEMPTS = 20;

/** Starts a server and returns when it accepts connections. Creates /run/sshd, which sshd of root requires. */
export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  const directory = await createTempDirectory();
  try {
    if (Deno.uid() === 0) await Deno.mkdir("/run/sshd", { recursive: true, mode: 0o755 });
    return await startIn(directory, options);
  } catch (error) {
    await directory[Symbol.asyncDispose]();
    throw error;
  }
}

/** Starts one server for all cases of the suite in whose body this is called. Only hooks and cases can use it. */
export function sshdOfSuite(options?: SshdOptions): { readonly sshd: Sshd } {
  let sshd: Sshd | undefined;
  beforeAll(async () => {
    sshd = await startSshd(options);
  });
  afterAll(() => sshd?.[Symbol.asyncDispose]());
  return {
    get sshd() {
      if (!sshd) throw new Error("Cannot use the server of a suite: it has not started yet");
      return sshd;
    },
  };
}

/** Lets remote commands reach "testhost" and "testhost2" by ssh, for -R. */
export async function addHostsToRemote({ binDirectory, configPath }: Sshd): Promise<void> {
  await writeWrapper(`${binDirectory}/ssh`, ["/usr/bin/ssh", "-F", configPath]);
}

/** Adds another server to the ssh configuration of this one, under this name. */
export async function addHost({ configPath }: Sshd, name: string, other: Sshd): Promise<void> {
  const [hosts, all] = (await Deno.readTextFile(other.configPath)).replace("testhost testhost2", name).split("Host *");
  const [identity] = all.match(/ {2}IdentityFile.*\n/)!;
  const [known] = all.match(/ {2}UserKnownHostsFile.*\n/)!;
  await Deno.writeTextFile(configPath, hosts + identity + known + await Deno.readTextFile(configPath));
}

/** Gives "testhost" and "testhost2" another address of the server for clients that reach it by that one. */
export async function setAddress({ configPath, port, hostKey }: Sshd, address: string): Promise<void> {
  const config = await Deno.readTextFile(configPath);
  const name = address.replaceAll("%", "%%");
  await Deno.writeTextFile(configPath, config.replace(/(?<=^Host testhost testhost2\n {2}HostName ).*$/m, () => name));
  const knownHosts = configPath.replace("ssh_config", "known_hosts");
  await Deno.writeTextFile(knownHosts, `[${address}]:${port} ${hostKey}\n`);
}

async function startIn(directory: TempDirectory, options: SshdOptions): Promise<Sshd> {
  const path = directory.path;
  const [home, binDirectory] = [`${path}/home`, `${path}/bin`];
  await Promise.all([Deno.mkdir(home), Deno.mkdir(binDirectory)]);
  addStateHome(home);
  const [user] = await Promise.all([run("id", "-un"), makeKey(`${path}/host_key`), makeKey(`${path}/user_key`)]);
  if (options.escp !== false) await writeEscpWrapper(binDirectory, { cwd: home, ...options.escp });
  await Deno.copyFile(`${path}/user_key.pub`, `${path}/authorized_keys`);

  const id = crypto.randomUUID();
  const environment = {
    PATH: `${binDirectory}:/usr/bin:/bin:/usr/sbin:/sbin`,
    HOME: home,
    ...options.environment,
    ESCP_TEST_SSHD: id,
  };
  const addresses = options.addresses ?? ["127.0.0.1"];
  const { child, port, stderr } = await listen(
    (port) => serverConfig(path, { port, addresses, environment, options }),
    { addressCount: addresses.length, prefix: [...enter(options.namespace), ...options.enter ?? []] },
  );

  const hostKey = (await Deno.readTextFile(`${path}/host_key.pub`)).split(" ").slice(0, 2).join(" ").trim();
  const knownHosts = addresses.map((address) => `[${address}]:${port} ${hostKey}\n`).join("");
  await Deno.writeTextFile(`${path}/known_hosts`, knownHosts);
  const configPath = `${path}/ssh_config`;
  await Deno.writeTextFile(configPath, clientConfig(path, { address: addresses[0], port, user, options }));

  const marker = `ESCP_TEST_SSHD=${id}`;
  const sessions = () => processesWithEnvironment(marker);
  let disposed = false;
  async function cutConnections(): Promise<void> {
    for (const process of await descendantsOf(child.pid)) killProcess(process);
  }
  return {
    sshOptions: ["-F", configPath],
    configPath,
    pid: child.pid,
    address: addresses[0],
    port,
    user,
    keyPath: `${path}/user_key`,
    hostKey,
    home,
    binDirectory,
    marker,
    log: () => stderr.text,
    sessions,
    waitForNoSession: (deadlineMs) => waitForNoProcess(sessions, deadlineMs),
    cutConnections,
    async [Symbol.asyncDispose]() {
      if (disposed) return;
      disposed = true;
      for (const process of await sessions()) killProcess(process);
      // SIGTERM from the leaves up, so that each parent reaps its children and init gets no zombie. Before the server,
      // because its orphans can no longer be distinguished from other processes.
      const connections = await descendantsOf(child.pid);
      for (const process of connections.toReversed()) killProcess(process, "SIGTERM");
      await waitForNoProcess(() => descendantsOf(child.pid), 2000).catch(cutConnections);
      for (const process of connections) killProcess(process);
      child.kill("SIGTERM");
      await child.status;
      await stderr.ended;
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** Starts sshd on a free port. sshd itself detects occupied ports, because checking first would be a race. */
async function listen(
  config: (port: number) => Promise<string>,
  { addressCount, prefix }: { addressCount: number; prefix: readonly string[] },
) {
  const listening = new RegExp(`(Server listening on [^]*?){${addressCount}}|Bind to port .* failed`);
  for (let attempt = 1;; attempt++) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORT_COUNT);
    const [program, ...args] = [...prefix, SSHD_PATH, "-D", "-e", "-f", await config(port)];
    const child = new Deno.Command(program, {
      args,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const stderr = new PrintedText(child.stderr);
    try {
      await stderr.waitFor(listening);
      if (!stderr.text.includes("Bind to port")) return { child, port, stderr };
      child.kill("SIGTERM");
    } catch (error) {
      if (!stderr.text.includes("Bind to port")) throw error;
    }
    await child.status;
    await stderr.ended;
    if (attempt === ATTEMPTS) {
      throw new Error(`Cannot start sshd: no free port after ${ATTEMPTS} attempts\n${stderr.text}`);
    }
  }
}

interface ServerSettings {
  port: number;
  addresses: string[];
  environment: Record<string, string>;
  options: SshdOptions;
}

async function serverConfig(path: string, { port, addresses, environment, options }: ServerSettings): Promise<string> {
  // sshd_config(5): the first value of each keyword wins, and only one SetEnv is possible.
  const variables = Object.entries(environment).map(([name, value]) => `"${name}=${value}"`);
  const lines = [
    ...options.serverConfig ?? [],
    ...addresses.map((address) => `ListenAddress ${address}`),
    `Port ${port}`,
    `HostKey ${path}/host_key`,
    `AuthorizedKeysFile ${path}/authorized_keys`,
    "PidFile none",
    "StrictModes no",
    "UsePAM no",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "PermitRootLogin yes",
    "PrintMotd no",
    "PrintLastLog no",
    "UseDNS no",
    // The post-quantum default takes 0.13 s of processor time at each end, more than the rest of a login.
    "KexAlgorithms curve25519-sha256",
    // The last value of this keyword wins.
    ...options.serverConfig?.some((line) => line.startsWith("MaxStartups ")) ? [] : ["MaxStartups 100"],
    "LogLevel VERBOSE",
    "Subsystem sftp internal-sftp",
    `SetEnv ${variables.join(" ")}`,
    ...(options.forceCommand ? [`ForceCommand ${options.forceCommand}`] : []),
  ];
  await Deno.writeTextFile(`${path}/sshd_config`, lines.join("\n") + "\n");
  return `${path}/sshd_config`;
}

function clientConfig(
  path: string,
  { address, port, user, options }: { address: string; port: number; user: string; options: SshdOptions },
): string {
  const lines = [
    ...options.clientConfig ?? [],
    "Host testhost testhost2",
    `  HostName ${address}`,
    `  Port ${port}`,
    "Host *",
    `  User ${user}`,
    `  IdentityFile ${path}/user_key`,
    "  IdentitiesOnly yes",
    "  IdentityAgent none",
    `  UserKnownHostsFile ${path}/known_hosts`,
    "  GlobalKnownHostsFile /dev/null",
    "  StrictHostKeyChecking yes",
  ];
  return lines.join("\n") + "\n";
}

async function makeKey(path: string): Promise<void> {
  await run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "escp-test", "-f", path);
}

async function run(program: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
  if (code !== 0) throw new Error(`Cannot run ${program}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout).trim();
}
