import { assert, assertEquals } from "@std/assert";
import { exists } from "@std/fs/exists";
import { it } from "@std/testing/bdd";
import { NODES, startCluster } from "./cluster.ts";
import { describeWithSlurm } from "./needs_slurm.ts";

describeWithSlurm("a cluster of Slurm", () => {
  it("runs arrays and steps on all nodes, and leaves no process and no file", async () => {
    const before = await mountsAndCgroups();
    let directory: string;
    let processes: () => Promise<unknown[]>;
    {
      await using cluster = await startCluster();
      ({ directory, processes } = cluster);
      const step = await cluster.run(
        "srun",
        "-N4",
        "-n4",
        "sh",
        "-c",
        'echo "$SLURM_PROCID/$SLURM_NTASKS $SLURMD_NODENAME"',
      );
      assertEquals(step.code, 0, step.stderr);
      assertEquals(step.stdout.trim().split("\n").sort(), NODES.map((node, index) => `${index}/4 ${node}`));

      const script = ['echo "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT"', 'exit "$SLURM_ARRAY_TASK_ID"'];
      const array = await cluster.submit(script, "--array=0-6", `--output=${directory}/out.%a`);
      const states = await cluster.untilEnded(array);
      assertEquals(Object.values(states), ["COMPLETED", ...new Array(6).fill("FAILED")]);
      for (let index = 0; index < 7; index++) {
        assertEquals(await Deno.readTextFile(`${directory}/out.${index}`), `${index}/7\n`);
      }
      // A job that runs when the cluster ends.
      assertEquals((await cluster.run("sbatch", "--wrap=sleep 1000")).code, 0);
      assert((await processes()).length > NODES.length);
    }
    assertEquals(await processes(), []);
    assert(!await exists(directory));
    assertEquals(await mountsAndCgroups(directory), before);
  });
});

/**
 * Returns the mounts of this machine and the names of its control groups of Slurm, without those of tests that run at the same
 * time.
 *
 * @param directory of the cluster, whose mounts count.
 */
async function mountsAndCgroups(directory?: string): Promise<string[]> {
  const lines = (await Deno.readTextFile("/proc/self/mountinfo")).split("\n");
  const mounts = lines.map((line) => line.split(" ")[4]).filter((path) => {
    const isOfTests = /^\/run\/netns\b|\/escp-/.test(path);
    return path !== undefined && (!isOfTests || (directory !== undefined && path.startsWith(directory)));
  });
  const groups = await exists("/sys/fs/cgroup") ? [...Deno.readDirSync("/sys/fs/cgroup")].map(({ name }) => name) : [];
  return [...mounts, ...groups].sort();
}
