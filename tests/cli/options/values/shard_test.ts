import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { parseShardNumber } from "../../../../src/cli/options/values/shard.ts";
import { UsageError } from "../../../../src/errors.ts";

type Variables = Record<string, string>;

const parse = (text: string, env: Variables = {}) => parseShardNumber(text, (name) => env[name]);
const refused = (text: string, env?: Variables) => assertThrows(() => parse(text, env), UsageError);

/** Returns the variables of a task of a Slurm array. */
function task(id: number, count: number, more: Variables = {}): Variables {
  return { SLURM_ARRAY_TASK_ID: `${id}`, SLURM_ARRAY_TASK_COUNT: `${count}`, ...more };
}

describe("parseShardNumber", () => {
  it("parses shards from 0 and the run that finishes", () => {
    assertEquals(["0/1", "3/4", "65535/65536"].map((text) => parse(text)), [
      { index: 0, count: 1 },
      { index: 3, count: 4 },
      { index: 65_535, count: 65_536 },
    ]);
    assertEquals(parse("finish/4"), { count: 4 });
  });

  it("refuses other texts, numbers out of range, and too many shards", () => {
    for (const text of ["", "1", "1/", "/2", "a/2", "-1/2", "1/2/3", "finish", "Finish/2", "1 /2"]) {
      assertEquals(refused(text).message.startsWith('Option "--shard" must be I/N, finish/N or auto, not'), true, text);
    }
    assertEquals(refused("4/4").message, 'Cannot use the shard "4/4": of 4 shards, the numbers are 0 to 3');
    assertEquals(refused("0/0").message, 'Cannot use the shard "0/0": the number of shards must be 1 to 65536');
    assertEquals(refused("finish/65537").message.includes("must be 1 to 65536"), true);
  });
});

describe("parseShardNumber of auto", () => {
  it("takes the task of a Slurm array before other variables", () => {
    assertEquals(parse("auto", task(2, 4, { SLURM_PROCID: "0", SLURM_NTASKS: "1" })), { index: 2, count: 4 });
    const from1 = { SLURM_ARRAY_TASK_MIN: "1", SLURM_ARRAY_TASK_MAX: "4", SLURM_ARRAY_TASK_STEP: "1" };
    assertEquals(parse("auto", task(4, 4, from1)), { index: 3, count: 4 });
    const stepped = { SLURM_ARRAY_TASK_MIN: "10", SLURM_ARRAY_TASK_MAX: "30", SLURM_ARRAY_TASK_STEP: "10" };
    assertEquals(parse("auto", task(20, 3, stepped)), { index: 1, count: 3 });
  });

  const ranks: [string, string][] = [
    ["SLURM_PROCID", "SLURM_NTASKS"],
    ["OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"],
    ["PMI_RANK", "PMI_SIZE"],
    ["JOB_COMPLETION_INDEX", "JOB_COMPLETIONS"],
  ];
  for (const [index, count] of ranks) {
    it(`takes ${index} of ${count}`, () => {
      assertEquals(parse("auto", { [index]: "1", [count]: "3" }), { index: 1, count: 3 });
      assertEquals(
        refused("auto", { [index]: "1" }).message,
        `Cannot use "--shard auto": ${index} is set, but ${count} is not`,
      );
    });
  }

  it("gives a hint to set the number of completions of a Kubernetes job", () => {
    assertEquals(refused("auto", { JOB_COMPLETION_INDEX: "0" }).hint?.includes("set JOB_COMPLETIONS"), true);
  });

  it("refuses schedulers that contradict each other, and names both", () => {
    const slurm = { SLURM_PROCID: "0", SLURM_NTASKS: "8" };
    const launched = (rank: string) => ({ ...slurm, OMPI_COMM_WORLD_RANK: rank, OMPI_COMM_WORLD_SIZE: "8" });
    assertEquals(parse("auto", launched("0")), { index: 0, count: 8 });
    assertEquals(
      refused("auto", launched("5")).message,
      'Cannot use "--shard auto": SLURM_PROCID=0 and SLURM_NTASKS=8 contradict ' +
        "OMPI_COMM_WORLD_RANK=5 and OMPI_COMM_WORLD_SIZE=8",
    );
    // All tasks of a step would copy the shard of the array.
    const step = { SLURM_PROCID: "1", SLURM_NTASKS: "2" };
    assertEquals(refused("auto", task(2, 4, step)).message.includes("SLURM_ARRAY_TASK_ID=2 and"), true);
    // One process per task, and one task per process.
    const single = { SLURM_PROCID: "0", SLURM_NTASKS: "1" };
    assertEquals(parse("auto", { ...single, PMI_RANK: "2", PMI_SIZE: "4" }), { index: 2, count: 4 });
    assertEquals(parse("auto", single), { index: 0, count: 1 });
  });

  it("refuses bad and contradictory values", () => {
    assertEquals(refused("auto").message.includes("none of SLURM_ARRAY_TASK_ID, SLURM_PROCID"), true);
    assertEquals(
      refused("auto", { PMI_RANK: "x", PMI_SIZE: "2" }).message,
      'Cannot use "--shard auto": PMI_RANK is "x", not a number',
    );
    assertEquals(refused("auto", { PMI_RANK: "2", PMI_SIZE: "2" }).message.includes("the numbers are 0 to 1"), true);
    assertEquals(refused("auto", { SLURM_ARRAY_TASK_ID: "0" }).message.includes("TASK_COUNT is not"), true);
    const uneven = { SLURM_ARRAY_TASK_MIN: "1", SLURM_ARRAY_TASK_MAX: "7", SLURM_ARRAY_TASK_STEP: "1" };
    assertEquals(refused("auto", task(3, 3, uneven)).message.includes("not evenly spaced"), true);
    assertEquals(refused("auto", task(4, 4)).message.includes("the numbers are 0 to 3"), true);
  });
});
