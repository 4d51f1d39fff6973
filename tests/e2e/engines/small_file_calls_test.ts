import { assert, assertEquals } from "@std/assert";
import { it } from "@std/testing/bdd";
import { escpCommand, useAsEscp } from "../../support/escp/escp_command.ts";
import { tracingProblem } from "../../support/escp/stopped_at.ts";
import { describeWithScene, ENGINES } from "../../support/scene.ts";
import { writeWrapper } from "../../support/shell_script.ts";

/** System calls that no file needs. */
const NEVER = {
  ...{ unlinkat: 0, utimensat: 0, lseek: 0, fallocate: 0, ftruncate: 0, fsync: 0, fdatasync: 0, getdents64: 0 },
  ...{ getrandom: 0 },
};
/** System calls of both ends per small file; see "The path of a small file" in src/README.md. */
const PER_FILE: Record<string, number> = {
  openat: 2,
  statx: 4,
  read: 1,
  write: 1,
  fchmod: 1,
  renameat2: 1,
  close: 2,
  ...NEVER,
  ...{ pread64: 0, pwrite64: 0, mmap: 0 },
};
/** The same per file in two pieces. One write is that of the completion log. */
const PER_FILE_IN_PIECES: Record<string, number> = {
  openat: 2,
  statx: 5,
  pread64: 2,
  pwrite64: 2,
  write: 1,
  fchmod: 1,
  renameat2: 1,
  close: 2,
  ...NEVER,
};
/** Calls that name no file: those of the runtime count too. */
const WITHOUT_FILE = ["getrandom", "mmap"];
/** Calls per file beyond those above: a copy makes some per directory, and the runtime makes some at random. */
const TOLERANCE = { withFile: 0.1, withoutFile: 0.4 };

const problem = tracingProblem ?? (ENGINES.includes("native") ? undefined : "the portable engine needs others");
const why = problem === undefined ? "" : `, skipped: ${problem}`;

describeWithScene("the system calls of a local copy", (scene) => {
  it(`are those that a small file needs${why}`, { ignore: problem !== undefined }, async () => {
    await check(PER_FILE, { few: 100, many: 1100, size: 4096 });
  });

  it(`are those that a file in pieces needs${why}`, { ignore: problem !== undefined }, async () => {
    // With a limit, the receiver does not read the source itself.
    await check(PER_FILE_IN_PIECES, { few: 10, many: 60, size: 2 << 20, flags: ["-l", "40000000"] });
  });

  async function check(
    perFile: Record<string, number>,
    { few, many, ...files }: { few: number; many: number; size: number; flags?: string[] },
  ): Promise<void> {
    const calls = Object.keys(perFile);
    const fewCalls = await countCalls(few, calls, files);
    const manyCalls = await countCalls(many, calls, files);
    for (const [call, expected] of Object.entries(perFile)) {
      const actual = ((manyCalls.get(call) ?? 0) - (fewCalls.get(call) ?? 0)) / (many - few);
      const tolerance = WITHOUT_FILE.includes(call) ? TOLERANCE.withoutFile : TOLERANCE.withFile;
      assert(Math.abs(actual - expected) <= tolerance, `${actual} calls of ${call} per file, not ${expected}`);
    }
    assertEquals([fewCalls.get("renameat2"), manyCalls.get("renameat2")], [few, many]);
  }

  /** Copies files, and returns how often both ends made each system call, except for files of the runtime. */
  async function countCalls(
    files: number,
    calls: string[],
    { size, flags = [] }: { size: number; flags?: string[] },
  ): Promise<Map<string, number>> {
    const names = Array.from({ length: files }, (_, index) => `tree/file ${index}`);
    const from = await scene.tree(Object.fromEntries(names.map((name) => [name, { size }])));
    const to = await scene.tree();
    const trace = `${to}/trace`;
    const words = ["strace", "-fyqq", "-e", `trace=${calls}`, "-e", "signal=none", "-o", trace, ...escpCommand()];
    await writeWrapper(`${to}/escp`, words);
    using _ = useAsEscp(`${to}/escp`);
    const { code, stderr } = await scene.copy({ direction: "local", engine: "native", streams: 1 }, {
      flags: ["-r", ...flags],
      sources: [`${from}/tree`],
      target: `${to}/new`,
    });
    assertEquals([code, stderr], [0, ""]);
    const counts = new Map<string, number>();
    for (const [, call, rest] of (await Deno.readTextFile(trace)).matchAll(/^\d+ +(\w+)\((.*)/gm)) {
      // Events and modules of the runtime do not count.
      const isMessage = (call === "read" || call === "write") && /<(socket|pipe):/.test(rest);
      const isCounted = rest.includes("/escp-test-") || isMessage || WITHOUT_FILE.includes(call);
      if (isCounted) counts.set(call, (counts.get(call) ?? 0) + 1);
    }
    return counts;
  }
});
