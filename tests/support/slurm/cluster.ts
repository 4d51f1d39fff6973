/**
 * A real Slurm cluster on this machine: munged, slurmctld and four slurmd, with their own key, sockets, spool and log files.
 * They run in a network namespace, so that no port of the machine is used, and in a process namespace, so that nothing is
 * left of them (pid_namespaces(7): the kernel kills and reaps its processes with the first one). No systemd and no cgroup
 * takes part. Requires Linux, root, iproute2, util-linux and the Debian packages slurmctld, slurmd, slurm-client and munge.
 */

import { delay } from "@std/async/delay";
import { isInstalled } from "../../../scripts/is_installed.ts";
import { escpEnvironment, writeEscpWrapper } from "../escp/escp_command.ts";
import { PrintedText } from "../escp/printed_text.ts";
import { createTempDirectory } from "../files/temp.ts";
import { createNetwork, enter } from "../hosts/network.ts";
import { processesWithEnvironment, waitForNoProcess } from "../processes.ts";
import { writeScript, writeWrapper } from "../shell_script.ts";
import { firstOfFreePorts, slurmConfig } from "./slurm_config.ts";

export const NODES = ["node0", "node1", "node2", "node3"] as const;
const PROGRAMS = [
  "unshare",
  "munged",
  "slurmctld",
  "slurmd",
  "sinfo",
  "srun",
  "sbatch",
  "scancel",
  "scontrol",
  "squeue",
];
/** Size of a munge key, in bytes: any from 32 to 1,024 (munged(8)). */
const KEY_BYTES = 128;
/** slurmctld and its nodes are ready within 2 s on an idle machine. */
const START_LIMIT_MS = 60_000;
const COMMAND_LIMIT_MS = 600_000;
const POLL_MS = 100;

/** Returns what is missing on this machine for a cluster, besides namespaces; undefined if nothing is. */
export async function slurmProblem(): Promise<string | undefined> {
  for (const program of PROGRAMS) {
    if (!await isInstalled(program) && !await isInstalled(`/usr/sbin/${program}`)) return `no ${program}`;
  }
  return undefined;
}

/** A command that has exited. */
export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** A running cluster. All nodes are this machine; `SLURMD_NODENAME` distinguishes the tasks of a job. */
export interface Cluster extends AsyncDisposable {
  /** Network namespace of the cluster, for servers that jobs connect to. */
  readonly namespace: string;
  /** First directory in the PATH of jobs; contains `escp`. */
  readonly binDirectory: string;
  /** Directory for scripts and output of jobs. */
  readonly directory: string;
  /** Runs a command of Slurm, or another one, with the environment of a user of the cluster. */
  run(program: string, ...args: string[]): Promise<CommandResult>;
  /** Submits a script of sh with `sbatch` and returns the number of the job. `%a` in `--output` is the index of a task. */
  submit(script: readonly string[], ...options: string[]): Promise<string>;
  /** Waits until all tasks of a job have ended, at most 10 minutes. @returns their states, such as "COMPLETED", by index in the array. */
  untilEnded(job: string): Promise<Record<string, string>>;
  /** Returns the processes of the cluster and its jobs. */
  processes(): ReturnType<typeof processesWithEnvironment>;
}

/** Starts a cluster and returns when all nodes are idle. Disposing ends it with all jobs. */
export async function startCluster(): Promise<Cluster> {
  await using started = new AsyncDisposableStack();
  const { path } = started.use(await createTempDirectory());
  // Addresses besides that of the loopback, without which the name resolver ignores 127.0.0.1 (AI_ADDRCONFIG).
  const network = started.use(
    await createNetwork(["cluster", "outside"], [
      { hosts: ["cluster", "outside"], addresses: ["10.77.1.1/24", "10.77.1.2/24"] },
    ]),
  );
  const namespace = network.namespace("cluster");
  // munged insists on a socket that all users can reach.
  for (const name of ["", "/munge"]) await Deno.mkdir(`${path}/slurm${name}`, { mode: 0o755 });
  await Deno.chmod(path, 0o711);
  for (const name of ["state", "bin", "jobs", ...NODES]) await Deno.mkdir(`${path}/slurm/${name}`);
  const key = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  await Deno.writeFile(`${path}/slurm/munge/key`, key, { mode: 0o600 });
  const configPath = `${path}/slurm/slurm.conf`;
  // Without this slurmd insists on a mount of control groups, which it does not use with the plugins of the configuration.
  await Deno.writeTextFile(`${path}/slurm/cgroup.conf`, "CgroupPlugin=cgroup/v1\n");
  await Deno.writeTextFile(configPath, slurmConfig(`${path}/slurm`, NODES, firstOfFreePorts(NODES.length + 1)));
  const binDirectory = `${path}/slurm/bin`;
  await writeEscpWrapper(binDirectory);

  const id = crypto.randomUUID();
  const PATH = `${binDirectory}:/usr/bin:/bin:/usr/sbin:/sbin`;
  const env = await escpEnvironment({ PATH, SLURM_CONF: configPath, ESCP_TEST_CLUSTER: id });
  const processes = () => processesWithEnvironment(`ESCP_TEST_CLUSTER=${id}`);
  started.defer(() => waitForNoProcess(processes));
  started.use(await startDaemons(`${path}/slurm`, namespace, env));

  async function run(program: string, ...args: string[]): Promise<CommandResult> {
    const [first, ...rest] = [...enter(namespace), program, ...args];
    const { code, stdout, stderr } = await new Deno.Command(first, {
      args: rest,
      env,
      clearEnv: true,
      cwd: `${path}/slurm/jobs`,
      stdin: "null",
      signal: AbortSignal.timeout(COMMAND_LIMIT_MS),
    }).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  async function succeed(program: string, ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await run(program, ...args);
    if (code !== 0) throw new Error(`Cannot run ${program} ${args.join(" ")}: ${stderr}`);
    return stdout;
  }

  let scripts = 0;
  const deadline = performance.now() + START_LIMIT_MS;
  for (let nodes = ""; nodes.trim() !== `idle ${NODES.length}`;) {
    if (performance.now() > deadline) throw new Error(`Cannot start Slurm: ${nodes}\n${await logsOf(`${path}/slurm`)}`);
    // slurmctld sends no event when its nodes have registered.
    await delay(POLL_MS);
    const { stdout, stderr } = await run("timeout", "5", "sinfo", "--noheader", "--format=%T %D");
    nodes = stdout || stderr;
  }
  const running = started.move();
  return {
    namespace,
    binDirectory,
    directory: `${path}/slurm/jobs`,
    run,
    async submit(script, ...options) {
      const file = await writeScript(`${path}/slurm/jobs/script${scripts++}`, ...script);
      return (await succeed("sbatch", "--parsable", ...options, file)).trim();
    },
    async untilEnded(job) {
      // Ended jobs are in no queue, but slurmctld still describes them. There is no event that covers requeued tasks.
      const deadline = performance.now() + COMMAND_LIMIT_MS;
      for (let queue; (queue = await succeed("squeue", "--noheader", `--jobs=${job}`)) !== "";) {
        if (performance.now() > deadline) throw new Error(`The job has not ended:\n${queue}`);
        await delay(POLL_MS);
      }
      const tasks = await succeed("scontrol", "show", "job", "--oneliner", job);
      return Object.fromEntries(
        tasks.trim().split("\n").map((line) => {
          const [, index] = /\bArrayTaskId=(\d+)/.exec(line) ?? ["", "0"];
          return [index, /\bJobState=(\w+)/.exec(line)![1]];
        }),
      );
    },
    processes,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Starts the daemons as children of the first process of a namespace, which ends them when its standard input is closed. */
async function startDaemons(
  directory: string,
  namespace: string,
  env: Record<string, string>,
): Promise<AsyncDisposable> {
  const munge = `${directory}/munge`;
  const start = (command: string, log: string) => `${command} >'${directory}/${log}.log' 2>&1 & daemons="$daemons $!"`;
  const script = await writeWrapper(
    `${directory}/daemons`,
    ["true"],
    "daemons=",
    start(
      `munged --foreground --socket='${munge}/socket' --key-file='${munge}/key' --pid-file='${munge}/pid' ` +
        `--seed-file='${munge}/seed' --log-file='${munge}/log'`,
      "munged",
    ),
    start("slurmctld -D", "slurmctld"),
    ...NODES.map((node) => start(`slurmd -D -N ${node}`, node)),
    "echo started",
    // Waits for a child instead of reading, because the shell reaps orphans only while it waits.
    "exec 3<&0",
    "cat <&3 >/dev/null & wait $!",
    "kill $daemons",
    "wait",
  );
  const [program, ...args] = [
    ...enter(namespace),
    ...["unshare", "--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc", script],
  ];
  const child = new Deno.Command(program, {
    args,
    env,
    clearEnv: true,
    cwd: directory,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [stdout, stderr] = [new PrintedText(child.stdout), new PrintedText(child.stderr)];
  const end = async () => {
    await child.stdin.close().catch(() => {});
    await Promise.all([child.status, stdout.ended, stderr.ended]);
  };
  try {
    await stdout.waitFor(/started/);
  } catch (error) {
    await end();
    throw new Error(`Cannot start the daemons of Slurm: ${stderr.text}`, { cause: error });
  }
  return { [Symbol.asyncDispose]: end };
}

async function logsOf(directory: string): Promise<string> {
  const logs: string[] = [];
  for (const name of ["munged", "slurmctld", ...NODES]) {
    const lines = (await Deno.readTextFile(`${directory}/${name}.log`).catch(String)).trimEnd().split("\n");
    logs.push(`${name}: ${lines.slice(-5).join("\n")}`);
  }
  return logs.join("\n");
}
