/** Copies by the tasks of a Slurm cluster, over ssh and on one machine. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { exists } from "@std/fs/exists";
import { afterAll, beforeAll, it } from "@std/testing/bdd";
import { delay } from "@std/async/delay";
import { quoteWord } from "../../../../src/ssh/shell_quote.ts";
import { addHost, type Sshd, startSshd } from "../../../support/hosts/sshd.ts";
import { commandOf, killProcess, processesWithEnvironment, waitForNoProcess } from "../../../support/processes.ts";
import { type Cluster, startCluster } from "../../../support/slurm/cluster.ts";
import { temporaryFiles } from "../../../support/escp/temporary_files.ts";
import { describeWithSlurm } from "../../../support/slurm/needs_slurm.ts";
import { createShardedCopy, type ShardedCopy } from "./sharded_copy.ts";

/** Hosts of the server, which share its file system. */
const HOSTS = "dtn[1-3]";
/** The last of these hosts refuses connections until it is repaired. */
const HOSTS_WITH_REFUSING = "dtn[1-4]";
const REFUSING = ["Host dtn4", "  HostName 127.0.0.1", "  Port 1"];

describeWithSlurm("a copy by the tasks of Slurm", () => {
  let cluster: Cluster;
  let sshd: Sshd;
  beforeAll(async () => {
    cluster = await startCluster();
    sshd = await startSshd({ namespace: cluster.namespace, clientConfig: REFUSING });
    await addHost(sshd, "dtn1 dtn2 dtn3", sshd);
  });
  afterAll(async () => {
    await sshd?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  type Direction = "push" | "pull" | "local";
  const operands = (copy: ShardedCopy, direction: Direction, hosts = HOSTS) => [
    direction === "pull" ? `${hosts}:${copy.from}` : copy.from,
    direction === "push" ? `${hosts}:${copy.to}` : copy.to,
  ];
  const escp = (copy: ShardedCopy, shard: string, direction: Direction, hosts?: string) => [
    ...["escp", ...sshd.sshOptions, ...copy.flags, "--shard", shard],
    ...operands(copy, direction, hosts),
  ];

  /** Submits the copy as an array, waits for its tasks, and returns their states. */
  async function runArray(copy: ShardedCopy, range: string, hosts?: string): Promise<Record<string, string>> {
    const command = `exec ${escp(copy, "auto", "push", hosts).map(quoteWord).join(" ")}`;
    const job = await cluster.submit([command], `--array=${range}`, `--output=${cluster.directory}/out.%A.%a`);
    const states = await cluster.untilEnded(job);
    outputs = await Promise.all(Object.keys(states).map((index) => read(`${cluster.directory}/out.${job}.${index}`)));
    return states;
  }
  let outputs: string[] = [];
  const read = async (path: string) => await exists(path) ? await Deno.readTextFile(path) : "";

  const finish = (copy: ShardedCopy, count: number, direction: Direction, hosts?: string) => {
    const [program, ...args] = escp(copy, `finish/${count}`, direction, hosts);
    return cluster.run(program, ...args);
  };

  /** Finishes the copy, checks it, and checks that no process of it is left. */
  async function finishAndCheck(copy: ShardedCopy, count: number, direction: Direction, hosts?: string): Promise<void> {
    const { code, stdout, stderr } = await finish(copy, count, direction, hosts);
    assertEquals([code, stdout, stderr], [0, "", ""]);
    await copy.check();
    await sshd.waitForNoSession();
    await waitForNoProcess(async () => {
      const processes = await cluster.processes();
      return processes.filter((each) => /escp/.test(commandOf(each)) && !/slurm|munge|daemons/.test(commandOf(each)));
    });
  }

  for (const count of [1, 3, 4, 7]) {
    it(`is complete after an array of ${count}`, async () => {
      await using copy = await createShardedCopy();
      const states = await runArray(copy, `0-${count - 1}`);
      assertEquals(states, statesOf(count), outputs.join("\n"));
      await finishAndCheck(copy, count, "push");
    });

    const direction = count % 2 === 0 ? "local" : "pull";
    it(`is complete after srun with ${count} (${direction})`, async () => {
      await using copy = await createShardedCopy();
      const step = await cluster.run("srun", `--ntasks=${count}`, ...escp(copy, "auto", direction));
      assertEquals([step.code, step.stdout], [0, ""], step.stderr);
      await finishAndCheck(copy, count, direction);
    });
  }

  it("counts tasks of an array that starts at 1", async () => {
    await using copy = await createShardedCopy();
    assertEquals(Object.values(await runArray(copy, "1-2")), ["COMPLETED", "COMPLETED"], outputs.join("\n"));
    await finishAndCheck(copy, 2, "push");
  });

  /** Kills escp of the second task of the running array. scancel would send SIGTERM first. */
  async function killTask(): Promise<void> {
    const tasks = await processesWithEnvironment("SLURM_ARRAY_TASK_ID=1");
    const own = new Set((await cluster.processes()).map(({ pid }) => pid));
    const shards = tasks.filter((task) => own.has(task.pid) && commandOf(task).includes(" --shard "));
    assertEquals(shards.length, 1);
    killProcess(shards[0]);
  }

  const endings = [
    {
      title: "cancelled",
      end: async (task: string) => assertEquals((await cluster.run("scancel", task)).code, 0),
      state: "CANCELLED",
      status: "failed",
    },
    { title: "killed", end: killTask, state: "FAILED", status: "running" },
  ];
  for (const { title, end, state, status } of endings) {
    it(`continues after a task was ${title} and requeued`, async () => {
      await using copy = await createShardedCopy();
      const command = escp(copy, "auto", "push").map(quoteWord).join(" ");
      // The first run of a task does not end until the test ends it.
      const script = [
        'case "$SLURM_ARRAY_TASK_ID$SLURM_RESTART_COUNT" in 1) slow="-l 1";; esac',
        `exec ${command.replace("escp ", "escp $slow ")}`,
      ];
      const job = await cluster.submit(script, "--array=0-3", "--requeue", `--output=${cluster.directory}/ended.%a`);
      const log = () => read(`${cluster.directory}/ended.1`);
      // The shard reports that it runs before it copies. There is no event for a file of another process.
      for (let left = 3000; !await exists(`${copy.reports}/shard-1-of-4.json`); left--) {
        assert(left > 0, await log());
        await delay(20);
      }
      await end(`${job}_1`);
      assertEquals((await cluster.untilEnded(job))["1"], state, await log());
      assertEquals(JSON.parse(await read(`${copy.reports}/shard-1-of-4.json`)).status, status);
      // A killed task may leave the report that it was writing.
      if (end === killTask) { for (const path of temporaryFiles(copy.reports)) await Deno.remove(path); }
      const incomplete = await finish(copy, 4, "push");
      assertEquals(incomplete.code, 1);
      assertMatch(incomplete.stderr, /1 of 4 shards are not complete \(shard 1: /);
      assertMatch(incomplete.stderr, /again, then finish\/4: 1\n/);

      // Slurm would start it two minutes later.
      for (const args of [["requeue", `${job}_1`], ["update", `JobId=${job}_1`, "StartTime=now"]]) {
        const { code, stderr } = await cluster.run("scontrol", ...args);
        assertEquals(code, 0, stderr);
      }
      assertEquals(await cluster.untilEnded(job), statesOf(4), await log());
      await finishAndCheck(copy, 4, "push");
    });
  }

  it("names the shards of a host that refuses connections, which are run again alone", async () => {
    await using copy = await createShardedCopy();
    const states = await runArray(copy, "0-3", HOSTS_WITH_REFUSING);
    assertEquals(states, { ...statesOf(4), 3: "FAILED" });
    assertStringIncludes(outputs[3], "dtn4");
    const names = (path: string) => [...Deno.readDirSync(path)].map(({ name }) => name).sort();
    const before = [names(copy.to), names(copy.reports)];
    const incomplete = await finish(copy, 4, "push", HOSTS_WITH_REFUSING);
    assertEquals(incomplete.code, 1);
    assertMatch(incomplete.stderr, /again, then finish\/4: 3\n/);
    assertEquals([names(copy.to), names(copy.reports)], before);

    const config = await Deno.readTextFile(sshd.configPath);
    await Deno.writeTextFile(sshd.configPath, config.replace("  Port 1\n", `  Port ${sshd.port}\n`));
    const [program, ...args] = escp(copy, "3/4", "push", HOSTS_WITH_REFUSING);
    const again = await cluster.run(program, ...args);
    assertEquals([again.code, again.stderr], [0, ""]);
    await finishAndCheck(copy, 4, "push", HOSTS_WITH_REFUSING);
  });
});

function statesOf(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [index, "COMPLETED"]));
}
