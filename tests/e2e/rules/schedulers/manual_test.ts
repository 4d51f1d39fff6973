/** "Many machines" of src/cli/MANUAL.md: its commands are run in a Slurm cluster, with four hosts that share files. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { afterAll, beforeAll, it } from "@std/testing/bdd";
import { parse } from "@std/yaml";
import { isInstalled } from "../../../../scripts/is_installed.ts";
import { addHost, type Sshd, startSshd } from "../../../support/hosts/sshd.ts";
import { blocksOf, sectionOf } from "../../../support/manual_blocks.ts";
import { writeScript, writeWrapper } from "../../../support/shell_script.ts";
import { type Cluster, startCluster } from "../../../support/slurm/cluster.ts";
import { describeWithSlurm } from "../../../support/slurm/needs_slurm.ts";
import { createShardedCopy, type ShardedCopy } from "./sharded_copy.ts";

const hasParallel = await isInstalled("parallel");

describeWithSlurm("a command of the manual for many machines", () => {
  let cluster: Cluster;
  let sshd: Sshd;
  beforeAll(async () => {
    cluster = await startCluster();
    sshd = await startSshd({ namespace: cluster.namespace });
    await addHost(sshd, "dtn1 dtn2 dtn3 dtn4", sshd);
    await writeWrapper(`${cluster.binDirectory}/ssh`, ["/usr/bin/ssh", "-F", sshd.configPath]);
  });
  afterAll(async () => {
    await sshd?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  /** Replaces the directories of the manual by those of a test. */
  const localized = (text: string, copy: ShardedCopy) =>
    text.replaceAll("/scratch/run7", copy.from).replaceAll(/\/archive\/run\d+/g, copy.to)
      .replaceAll(/(?:~\/reports|\/shared)\/run\d+/g, copy.reports);

  /** Runs a script in the working directory of the cluster and returns its exit status and output. */
  async function run(script: string, copy: ShardedCopy): Promise<[code: number, output: string]> {
    const { code, stdout, stderr } = await cluster.run("sh", "-e", "-c", localized(script, copy));
    return [code, stdout + stderr];
  }

  const read = (name: string) => Deno.readTextFile(`${cluster.directory}/${name}`);

  /** Writes the scripts of the job array, and returns the other commands of the section. */
  async function writeJobs(copy: ShardedCopy): Promise<string[]> {
    const [array, finish, ...commands] = blocksOf("Job arrays of Slurm");
    for (const script of [array, finish]) {
      const [, name] = /^# (\w+\.sh)$/m.exec(script)!;
      await writeScript(`${cluster.directory}/${name}`, ...localized(script, copy).trimEnd().split("\n"));
    }
    return commands;
  }

  it("copies by a job array", async () => {
    await using copy = await createShardedCopy();
    const [submit] = await writeJobs(copy);
    const [code, output] = await run(submit, copy);
    assertEquals(code, 0, `${output}\n${await read("finish.log")}\n${await read("copy-0.log")}`);
    assertEquals(await read("finish.log"), "");
    await copy.check();
  });

  it("copies by a job array, a task of which is run again", async () => {
    await using copy = await createShardedCopy();
    const [, again] = await writeJobs(copy);
    assertEquals((await run("sbatch --wait copy.sh", copy))[0], 0, await read("copy-0.log"));
    // As if the task had been killed.
    const path = `${copy.reports}/shard-3-of-8.json`;
    await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replace('"status":"done"', '"status":"running"'));
    assertEquals((await run("sbatch --wait finish.sh", copy))[0], 1);
    assertStringIncludes(sectionOf("Job arrays of Slurm"), "```\n" + await read("finish.log") + "```\n");
    assertEquals((await run(again, copy))[0], 0, await read("finish.log"));
    await copy.check();
  });

  it("copies by srun", async () => {
    await using copy = await createShardedCopy();
    const [code, output] = await run(blocksOf("srun and mpirun")[0], copy);
    assertEquals(code, 0, output);
    await copy.check();
  });

  it({
    name: `copies by GNU parallel${hasParallel ? "" : " (skipped: no parallel in the PATH)"}`,
    ignore: !hasParallel,
    fn: async () => {
      await using copy = await createShardedCopy();
      const [code, output] = await run(blocksOf("GNU parallel")[0], copy);
      assertEquals(code, 0, output);
      await copy.check();
    },
  });

  it("copies by the pods of an indexed job, each with the variables of Kubernetes", async () => {
    await using copy = await createShardedCopy();
    const { spec } = parse(localized(blocksOf("Kubernetes")[0], copy)) as {
      spec: {
        completionMode: string;
        completions: number;
        template: { spec: { containers: { env: { name: string; value: string }[]; args: string[] }[] } };
      };
    };
    const [{ env, args }] = spec.template.spec.containers;
    assertEquals(spec.completionMode, "Indexed");
    for (let pod = 0; pod < spec.completions; pod++) {
      const variables = [...env.map(({ name, value }) => `${name}=${value}`), `JOB_COMPLETION_INDEX=${pod}`];
      const { code, stderr } = await cluster.run("env", ...variables, "escp", ...args);
      assertEquals(code, 0, stderr);
    }
    const finish = args.map((arg) => arg === "auto" ? `finish/${spec.completions}` : arg);
    assertEquals((await cluster.run("escp", ...finish)).code, 0);
    await copy.check();
  });
});
