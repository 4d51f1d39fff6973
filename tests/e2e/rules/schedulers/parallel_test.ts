/** Copies by several processes that GNU parallel starts on one machine. */

import { assertEquals, assertMatch } from "@std/assert";
import { it } from "@std/testing/bdd";
import { isInstalled } from "../../../../scripts/is_installed.ts";
import { escpEnvironment } from "../../../support/escp/escp_command.ts";
import { describeWithScene, type Scene } from "../../../support/scene.ts";
import { createShardedCopy, type ShardedCopy } from "./sharded_copy.ts";

const problem = await isInstalled("parallel") ? "" : " (skipped: no parallel in the PATH)";

describeWithScene(`a copy by the processes of GNU parallel${problem}`, { ignore: problem !== "" }, (scene) => {
  for (const direction of ["local", "push", "pull"] as const) {
    it(`is complete (${direction})`, async () => {
      await using copy = await createShardedCopy();
      const operands = [
        direction === "pull" ? `testhost:${copy.from}` : copy.from,
        direction === "push" ? `testhost:${copy.to}` : copy.to,
      ];
      const all = await run(scene, copy, ["parallel", "escp", "{}/4", ":::", "0", "1", "2", "3"], operands);
      assertEquals(all, { code: 0, output: "" });
      assertEquals(await run(scene, copy, ["escp", "finish/4"], operands), { code: 0, output: "" });
      await copy.check();
      await scene.sshd.waitForNoSession();
    });
  }

  it("is finished after the failed shards were run again", async () => {
    await using copy = await createShardedCopy();
    const operands = [copy.from, copy.to];
    const log = `${copy.reports}.log`;
    const parallel = ["parallel", "--joblog", log, "--resume-failed", "escp", "{}/3", ":::", "0", "1", "2"];
    // The owner of a file that cannot be replaced fails.
    await Deno.mkdir(`${copy.to}/small`, { recursive: true });
    const failed = await run(scene, copy, parallel, operands);
    assertEquals(failed.code, 1);
    const incomplete = await run(scene, copy, ["escp", "finish/3"], operands);
    assertEquals(incomplete.code, 1);
    const [, shard] = /again, then finish\/3: (\d)\n/.exec(incomplete.output) ?? [];
    assertMatch(failed.output, /Cannot .*small/);

    await Deno.remove(`${copy.to}/small`);
    const before = await reportTimes(copy);
    assertEquals(await run(scene, copy, parallel, operands), { code: 0, output: "" });
    const after = await reportTimes(copy);
    assertEquals([0, 1, 2].filter((index) => before[index] !== after[index]), [Number(shard)]);
    assertEquals(await run(scene, copy, ["escp", "finish/3"], operands), { code: 0, output: "" });
    await copy.check();
  });
});

/** Runs a command in which "escp" and the text after it are replaced by the command line of that shard. */
async function run({ sshd }: Scene, copy: ShardedCopy, command: string[], operands: string[]) {
  const at = command.indexOf("escp");
  const [program, ...args] = [
    ...command.slice(0, at),
    ...["escp", ...sshd.sshOptions, ...copy.flags, "--shard", command[at + 1], ...operands],
    ...command.slice(at + 2),
  ];
  const env = await escpEnvironment({ PATH: `${sshd.binDirectory}:/usr/bin:/bin` });
  const options = { args, env, clearEnv: true, stdin: "null" } as const;
  const { code, stdout, stderr } = await new Deno.Command(program, options).output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout) + decoder.decode(stderr) };
}

/** Returns the times of the reports of three shards. */
function reportTimes({ reports }: ShardedCopy): Promise<number[]> {
  return Promise.all([0, 1, 2].map(async (shard) => {
    return (await Deno.stat(`${reports}/shard-${shard}-of-3.json`)).mtime!.getTime();
  }));
}
