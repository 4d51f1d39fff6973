/**
 * A real ssh server for one test or suite: own port on loopback, own host key, own user key, own home directory, and an
 * `escp` of this checkout first in the PATH of the remote side. Nothing of the machine's or the user's ssh is used.
 */

import { type WrapperOptions, writeEscpWrapper } from "./escp_command.ts";
import { SSHD_PATH } from "./needs_sshd.ts";
import { enter } from "./network.ts";
import { PrintedText } from "./printed_text.ts";
import { descendantsOf, killProcess, processesWithEnvironment, type ProcessId, waitForNoProcess } from "./processes.ts";
import { writeWrapper } from "./shell_script.ts";
import { knowHome } from "./state.ts";
import { createTempDirectory, type TempDirectory } from "./temp.ts";

export interface SshdOptions {
  /** How the `escp` of the remote side is started; false: there is none ("command not found"). */
  escp?: WrapperOptions | false;
  /** Variables of every remote command. They win over all others. */
  environment?: Record<string, string>;
  /** Addresses to listen on; the first is the HostName of "testhost". Default 127.0.0.1. */
  addresses?: string[];
  /** Lines for sshd_config that win over those written here, such as "AllowTcpForwarding no". */
  serverConfig?: string[];
  /** Lines for the ssh_config before those written here, such as "Host inner", "ProxyJump testhost". */
  clientConfig?: string[];
  /** Network namespace that the server and all that it starts live in; see network.ts. */
  namespace?: string;
  /** Runs instead of every command that a client asks for. */
  forceCommand?: string;
}

export interface Sshd extends AsyncDisposable {
  /** For ssh, scp and escp: `-F` and a configuration with the hosts "testhost" and "testhost2", both this server. */
  readonly sshOptions: string[];
  /** Path of that configuration. */
  readonly configPath: string;
  /** Of the server itself; each connection has processes below it. */
  readonly pid: number;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** Private key that may log in. */
  readonly keyPath: string;
  /** Public host key, in the form "ssh-ed25519 AAAA...". */
  readonly hostKey: string;
  /** HOME and working directory of the remote escp; empty at first. */
  readonly home: string;
  /** First in the PATH of remote commands; its `escp` can be replaced. */
  readonly binDirectory: string;
  /** "NAME=value" in the environment of every remote command, for `processesWithEnvironment`. */
  readonly marker: string;
  /** What the server has logged so far, level VERBOSE. */
  log(): string;
  /** Remote commands that run now. */
  sessions(): Promise<ProcessId[]>;
  /** Waits until no remote command runs any more; throws with their command lines when some do after the deadline. */
  waitForNoSession(deadlineMs?: number): Promise<void>;
  /** Kills the server's side of all connections at once, as a network that goes away does; the server stays. */
  cutConnections(): Promise<void>;
}

// Below the range from which systems take ports for outgoing connections, so that those are not in the way.
const FIRST_PORT = 20_000;
const PORT_COUNT = 12_000;
const ATTEMPTS = 20;

/** Starts a server and returns when it accepts connections. Root needs /run/sshd for that: it is made when missing. */
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

/** What the remote side starts as ssh knows the hosts of this server from now on: for -R. */
export async function teachHosts({ binDirectory, configPath }: Sshd): Promise<void> {
  await writeWrapper(`${binDirectory}/ssh`, ["/usr/bin/ssh", "-F", configPath]);
}

/** Whoever knows the hosts of this server knows another one as well, by this name. */
export async function addHost({ configPath }: Sshd, name: string, other: Sshd): Promise<void> {
  const [hosts, all] = (await Deno.readTextFile(other.configPath)).replace("testhost testhost2", name).split("Host *");
  const [identity] = all.match(/ {2}IdentityFile.*\n/)!;
  const [known] = all.match(/ {2}UserKnownHostsFile.*\n/)!;
  await Deno.writeTextFile(configPath, hosts + identity + known + await Deno.readTextFile(configPath));
}

async function startIn(directory: TempDirectory, options: SshdOptions): Promise<Sshd> {
  const path = directory.path;
  const [home, binDirectory] = [`${path}/home`, `${path}/bin`];
  await Promise.all([Deno.mkdir(home), Deno.mkdir(binDirectory)]);
  knowHome(home);
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
    { addressCount: addresses.length, namespace: options.namespace },
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
    for (const process of await descendantsOf(child.pid)) await killProcess(process);
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
      for (const process of await sessions()) await killProcess(process);
      // Asked first, from the leaves on, so that each is waited for by its parent and no zombie goes to init; and before
      // the server itself, because whatever outlives it can no longer be told from other processes.
      const connections = await descendantsOf(child.pid);
      for (const process of connections.toReversed()) await killProcess(process, "SIGTERM");
      await waitForNoProcess(() => descendantsOf(child.pid), 2000).catch(cutConnections);
      for (const process of connections) await killProcess(process);
      child.kill("SIGTERM");
      await child.status;
      await stderr.ended;
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** Starts sshd on a port that is free. Looking for one first would be a race, so a port that is taken is found out by sshd. */
async function listen(
  config: (port: number) => Promise<string>,
  { addressCount, namespace }: { addressCount: number; namespace?: string },
) {
  const listening = new RegExp(`(Server listening on [^]*?){${addressCount}}|Bind to port .* failed`);
  for (let attempt = 1;; attempt++) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORT_COUNT);
    const [program, ...args] = [...enter(namespace), SSHD_PATH, "-D", "-e", "-f", await config(port)];
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
      throw new Error(`Cannot start sshd: no free port in ${ATTEMPTS} attempts\n${stderr.text}`);
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
  // sshd_config(5): of each keyword the first one counts, and there can be one SetEnv only.
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
    "MaxStartups 100",
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
