import { assert, assertEquals } from "@std/assert";
import { it } from "@std/testing/bdd";
import { escpCommand, useAsEscp } from "../../support/escp/escp_command.ts";
import { tracingProblem } from "../../support/escp/stopped_at.ts";
import { describeWithScene, ENGINES } from "../../support/scene.ts";
import { writeWrapper } from "../../support/shell_script.ts";

/** System calls of both ends per small file; see "The path of a small file" in src/README.md. */
const PER_FILE: Record<string, number> = {
  openat: 2,
  statx: 4,
  read: 1,
  write: 1,
  fchmod: 1,
  renameat2: 1,
  close: 2,
  ...{ unlinkat: 0, utimensat: 0, lseek: 0, fallocate: 0, pread64: 0, pwrite64: 0, fsync: 0, fdatasync: 0 },
  ...{ getdents64: 0, getrandom: 0, mmap: 0 },
};
/** Calls of the runtime that happen at random, per file. */
const TOLERANCE = 0.4;
const FEW = 100;
const MANY = 1100;

const problem = tracingProblem ?? (ENGINES.includes("native") ? undefined : "the portable engine needs others");
const why = problem === undefined ? "" : `, skipped: ${problem}`;

describeWithScene("the system calls of a local copy", (scene) => {
  it(`are those that a small file needs${why}`, { ignore: problem !== undefined }, async () => {
    const few = await countCalls(FEW);
    const many = await countCalls(MANY);
    for (const [call, expected] of Object.entries(PER_FILE)) {
      const perFile = ((many.get(call) ?? 0) - (few.get(call) ?? 0)) / (MANY - FEW);
      assert(perFile <= expected + TOLERANCE, `${perFile} calls of ${call} per file`);
    }
    assertEquals([few.get("renameat2"), many.get("renameat2")], [FEW, MANY]);
  });

  /** Copies files of 4 KiB, and returns how often both ends made each system call. */
  async function countCalls(files: number): Promise<Map<string, number>> {
    const names = Array.from({ length: files }, (_, index) => `tree/file ${index}`);
    const from = await scene.tree(Object.fromEntries(names.map((name) => [name, { size: 4096 }])));
    const to = await scene.tree();
    const trace = `${to}/trace`;
    const calls = Object.keys(PER_FILE).join(",");
    const words = ["strace", "-f", "-qq", "-e", `trace=${calls}`, "-e", "signal=none", "-o", trace, ...escpCommand()];
    await writeWrapper(`${to}/escp`, words);
    using _ = useAsEscp(`${to}/escp`);
    const { code, stderr } = await scene.copy({ direction: "local", engine: "native", streams: 1 }, {
      flags: ["-r"],
      sources: [`${from}/tree`],
      target: `${to}/new`,
    });
    assertEquals([code, stderr], [0, ""]);
    const counts = new Map<string, number>();
    for (const [, call] of (await Deno.readTextFile(trace)).matchAll(/^\d+ +(\w+)\(/gm)) {
      counts.set(call, (counts.get(call) ?? 0) + 1);
    }
    return counts;
  }
});
