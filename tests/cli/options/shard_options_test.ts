import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { copyRun, usageError } from "./command_lines.ts";

const REPORT = "--shard-report=reports";

describe("--shard", () => {
  it("makes the target the copy of the source, and passes the share to the job", () => {
    const { host: { request }, shard } = copyRun("-a", "--shard=1/4", REPORT, "a", "h:b");
    assertEquals([request.exact, request.shard], [true, { index: 1, count: 4, splitBytes: 2 ** 30 }]);
    assertEquals([shard?.number, shard?.reports], [{ index: 1, count: 4 }, "reports"]);
    assertEquals(copyRun("a", "b").host.request.shard, undefined);
  });

  it("deletes in the run that finishes only", () => {
    const deletes = (shard: string) => copyRun("--mirror", `--shard=${shard}`, REPORT, "a", "b").host.request.deletes;
    assertEquals([deletes("0/2"), deletes("1/2"), deletes("finish/2")], [undefined, undefined, true]);
  });

  it("refuses in each shard what the run that finishes refuses", () => {
    for (const flags of [["--delete", "--backup"], ["--max-delete=3"], ["-r", "--delete", "--files-from=x"]]) {
      const errors = ["0/2", "finish/2"].map((shard) => usageError(`--shard=${shard}`, REPORT, ...flags, "a", "b"));
      assertEquals(errors[0], errors[1]);
    }
  });

  it("is refused by tasks that copy nothing", () => {
    const tasks = [["--clean"], ["--doctor", "h"], ["--install", "h"], ["--report-from=x"]];
    for (const [task, ...operands] of tasks) {
      const name = task.split("=")[0];
      for (const option of ["--shard=0/2", REPORT, "--shard-split=2M"]) {
        assertEquals(
          usageError(task, option, ...operands),
          `Options "${name}" and "${option.split("=")[0]}" exclude each other`,
        );
      }
    }
  });

  it("selects the hosts of a list in turn", () => {
    const hosts = (shard: string) => {
      const { transfers } = copyRun(`--shard=${shard}`, REPORT, "a", "dtn[1-3]:/x");
      return transfers[0].remote?.host;
    };
    assertEquals(["0/9", "1/9", "2/9", "3/9", "finish/9"].map(hosts), ["dtn1", "dtn2", "dtn3", "dtn1", "dtn1"]);
    assertEquals(copyRun("--shard=1/2", REPORT, "u@a,b:/x", "c").transfers[0].remote?.host, "b");
    assertEquals(
      usageError("a", "dtn[1-3]:/x"),
      'Cannot use a list of 3 hosts without "--shard": each shard uses one of them',
    );
  });

  it("describes what all shards have in common", () => {
    const copy = (...flags: string[]) => copyRun(...flags, REPORT, "a", "dtn[1-2]:b").shard?.copy;
    const options = ["-r", "--exclude=*.o", "--newer-than=2d"];
    assertEquals(copy("--shard=0/2", ...options), copy("--shard=1/2", ...options));
    assertEquals(copy("--shard=0/2", ...options), copy("--shard=finish/2", ...options, "--delete", "-v"));
    assertEquals(copy("--shard=0/2", "-r"), {
      ...{ recursive: true, symlinks: "follow", filters: [], split: 2 ** 30 },
    });
  });

  it("needs a directory for reports, which nothing else takes", () => {
    assertEquals(
      usageError("--shard=0/2", "a", "b"),
      'Option "--shard" needs "--shard-report": the run that finishes the copy reads the reports',
    );
    assertEquals(copyRun("--shard=0/2", "-n", "a", "b").shard?.reports, undefined);
    assertEquals(
      usageError("--shard=finish/2", "-n", "a", "b").startsWith('Option "--shard" needs "--shard-report"'),
      true,
    );
    assertEquals(usageError(REPORT, "a", "b"), 'Option "--shard-report" needs "--shard"');
  });

  it("splits files at multiples of 1 MiB, and none with 0 or --checksum", () => {
    const split = (...flags: string[]) =>
      copyRun("--shard=0/2", REPORT, ...flags, "a", "b").host.request.shard?.splitBytes;
    assertEquals([split("--shard-split=3M"), split("--shard-split=0"), split("--checksum")], [
      ...[3 << 20, undefined, undefined],
    ]);
    const refused = 'Option "--shard-split" must be a multiple of 1M, not ';
    assertEquals(usageError("--shard=0/2", REPORT, "--shard-split=1000K", "a", "b"), `${refused}1024000`);
    assertEquals(usageError("--shard-split=2M", "a", "b"), 'Option "--shard-split" needs "--shard"');
  });

  const refused: [string, string[]][] = [
    ["with standard input: it cannot be divided", ["-", "h:b"]],
    ["with standard output: it cannot be divided", ["a", "-"]],
    ['with "--filelist": the target is the copy of one source', ["--filelist=x", "a", "b"]],
    ['with "--relative": the target is the copy of one source', ["--relative", "a", "b"]],
    ["with several sources: the target is the copy of one source", ["a", "b", "c"]],
    ["between two remote hosts: this machine cannot report what they copy", ["g:a", "h:b"]],
    ["between two remote hosts: this machine cannot report what they copy", ["-R", "g:a", "h:b"]],
    ['with "--remove-source-files": the copy is complete only at its end', ["--remove-source-files", "a", "b"]],
    ['with "--manifest": no shard has all files', ["--manifest=m", "a", "b"]],
    ['with "--inplace": shards write files under temporary names', ["--inplace", "a", "b"]],
    ['with "--link-dest": the files of a shard are not compared with snapshots', ["--link-dest=/x", "a", "b"]],
    ['with "--ioengine dummy": nothing is copied', ["--ioengine=dummy", "a", "b"]],
  ];
  for (const [reason, words] of refused) {
    it(`is refused ${reason} (${words.join(" ")})`, () => {
      assertEquals(usageError("--shard=0/2", REPORT, ...words), `Cannot use "--shard" ${reason}`);
    });
  }
});
