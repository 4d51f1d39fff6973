import { assert, assertEquals, assertMatch } from "@std/assert";
import { beforeAll, describe, it } from "@std/testing/bdd";
import { listNames } from "../support/files/list_names.ts";
import { type EscpResult, runEscp } from "../support/escp/escp_command.ts";
import { bundleProgram } from "../support/bundled_program.ts";
import { createTempTree } from "../support/files/temp_tree.ts";
import { ALIKE } from "./alike_names.ts";
import { inPlaceOfSsh } from "./hostile_end.ts";

/** Path of the bundled program. */
let server: string;
const ENGINES = Deno.build.os === "linux" ? ["native", "portable"] : ["portable"];

/** Trick of the server, message of the client, and allowed entries of the target besides the planted link. */
const PULLS: [trick: string, problem: RegExp, left?: string[]][] = [
  ["other name", /unasked/],
  ["hidden name", /unasked/],
  ["one source twice", /unasked/],
  ["one source more", /unasked/],
  ["parent", /bad-path/],
  ["contents", /unasked/],
  ["path as a name", /bad-path/],
  ["empty name", /bad-path/],
  ["record ..", /bad-path/],
  ["record ../outside", /bad-path/],
  ["record absolute", /bad-path/],
  ["record empty", /bad-path/],
  ["record NUL", /bad-path/],
  ["record slash", /bad-path/],
  ["directory ..", /bad-path/],
  ["directory a/../..", /bad-path/],
  ["directory absolute", /bad-path/],
  ["directory double slash", /bad-path/],
  ["directory dot", /bad-path/],
  ["unknown root", /bad-path/],
  ["unknown type", /bad-record/],
  ["link, then through it", /it is a symbolic link/, ["link"]],
  ["hard link outside", /bad-path|Cannot create/],
  ["hard link absolute", /bad-path|Cannot create/],
  ["planted link", /it is a symbolic link/],
  ["open ../outside", /bad-path/],
  ["open absolute", /bad-path/],
  ["open empty", /bad-path/],
  ["open NUL", /bad-path/],
  ["open through a planted link", /it is a symbolic link/],
  ["open unknown root", /bad-path/],
  ["open one file twice", /bad-order/],
  ["open too many files", /bad-order/],
  ["close what is not open", /bad-order/],
  ["close before it is complete", /Cannot /],
  ["block beyond the end", /Cannot |bad-block/],
  ["block of an unopened file", /Cannot |bad-/],
  ["block with a wrong CRC-32", /CRC-32 differs/],
  ["record with a wrong CRC-32", /CRC-32 differs/, ["good"]],
  ["wrong totals", /this end counts/, ["good"]],
  ["replayed frame", /bad-counter/, ["good"]],
  ["skipped counter", /bad-counter/],
  ["bad tag", /bad-tag/],
  ["changed contents", /bad-tag/],
  ["oversized length", /bad-frame/],
  ["unknown kind", /bad-frame/],
  ["kind of a receiver", /bad-frame/],
  ["cut connection", /Cannot /],
  ["end without what was promised", /this end counts/],
  ["rubbish on the control channel", /bad-message/],
  ["endless line on the control channel", /long-line/],
  ["message out of order", /bad-order/],
  ["escape sequences", /Cannot read/],
  ["sudden end", /Cannot continue: (the session with 127\.0\.0\.1 was lost|all data connections broke)/],
];

/** Tricks for one file without -r. */
const FILE_PULLS: [trick: string, problem: RegExp][] = [
  ["directory for a file", /unasked/],
  ["directory below a file", /bad-path/],
  ["file below a file", /bad-path/],
  ["open ../outside", /bad-path/],
];

/** Tricks for --delete: exit status and message of the client, and what is left in the directory. */
const DELETIONS: [trick: string, result: { code: number; problem: RegExp }, left: string[]][] = [
  ["no names", { code: 0, problem: /^$/ }, []],
  ["names of the directory above", { code: 1, problem: /bad-path/ }, ["planted"]],
  ["names of an unknown root", { code: 1, problem: /bad-path/ }, ["planted"]],
  ["names of a planted link", { code: 0, problem: /^$/ }, ["planted"]],
  ["names without their end", { code: 1, problem: /Cannot continue/ }, ["planted"]],
];

/** Tricks for --files-from, and entries of the target that were requested. */
const LISTED_PULLS: [trick: string, left?: string[]][] = [
  ["unlisted record", ["listed"]],
  ["unlisted directory"],
  ["unlisted name with a listed start"],
  ["unlisted link"],
  ["unlisted hard link", ["listed"]],
  ["unlisted large file"],
  ["unlisted large file in a directory"],
];

/** Tricks for --clean. */
const CLEANINGS: [trick: string, problem: RegExp][] = [
  ["cleaned with escape sequences", /Cannot read/],
  ["cleaned more than it reported", /bad-totals/],
  ["cleaned without its failures", /bad-totals/],
  ["copies instead of cleaning", /bad-order/],
];

describe("a hostile server cannot make the client", () => {
  beforeAll(async () => {
    server = await bundleProgram(new URL("hostile_server.ts", import.meta.url));
  });

  PULLS.forEach(([trick, problem, left = []], index) => {
    const engine = ENGINES[index % ENGINES.length];
    it(`do anything that is not allowed: ${trick} (${engine})`, async () => {
      await attack(trick, ["-r", "--engine", engine], "dir", ({ code, stderr }, names) => {
        assertEquals(code, 1, stderr);
        assertMatch(stderr, problem);
        assertEquals(names.filter((name) => !left.includes(name)), ["planted"]);
      });
    });
  });

  FILE_PULLS.forEach(([trick, problem], index) => {
    const engine = ENGINES[index % ENGINES.length];
    it(`do anything that is not allowed with a file: ${trick} (${engine})`, async () => {
      await attack(trick, ["--engine", engine], "file", ({ code, stderr }, names) => {
        assertEquals(code, 1, stderr);
        assertMatch(stderr, problem);
        assertEquals(names, ["planted"]);
      });
    });
  });

  DELETIONS.forEach(([trick, { code, problem }, left], index) => {
    const engine = ENGINES[index % ENGINES.length];
    it(`delete anything else than the user allows: ${trick} (${engine})`, async () => {
      const flags = ["-r", "--delete", "--engine", engine];
      await attack(trick, flags, "dir", (result, names) => {
        assertEquals([result.code, names], [code, left], result.stderr);
        assertMatch(result.stderr, problem);
      });
    });
  });

  it("accept names without --delete", async () => {
    await attack("no names", ["-r"], "dir", ({ code, stderr }, names) => {
      assertEquals([code, names], [1, ["planted"]], stderr);
      assertMatch(stderr, /bad-order/);
    });
  });

  LISTED_PULLS.forEach(([trick, left = []], index) => {
    const engine = ENGINES[index % ENGINES.length];
    it(`write what is not in a list: ${trick} (${engine})`, async () => {
      await using list = await createTempTree({ list: "listed/file" });
      const flags = ["-r", "--engine", engine, `--files-from=${list.path}/list`];
      await attack(trick, flags, "from", ({ code, stderr }, names) => {
        assertEquals(code, 1, stderr);
        assertMatch(stderr, /unasked/);
        assertEquals(names, ["planted"]);
      }, left);
    });
  });

  for (const [trick, problem] of CLEANINGS) {
    it(`accept or print invalid data: ${trick}`, async () => {
      await attack(trick, ["--clean"], "dir", ({ code, stdout, stderr }, names) => {
        assertEquals(code, 1, stderr);
        assertMatch(stderr, problem);
        assertEquals(names, ["planted"]);
        // deno-lint-ignore no-control-regex
        assert(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/.test(stdout), JSON.stringify(stdout));
        assert(!/^escp: all is well/m.test(stdout), stdout);
      });
    });
  }

  for (const engine of ENGINES) {
    it(`mix two files of one name (${engine})`, async () => {
      await attack("one name twice", ["-r", "--engine", engine], "dir", ({ code, stderr }, names, target) => {
        assertEquals(code, 0, stderr);
        assertEquals(names, ["planted", "same"]);
        assertEquals(Deno.readTextFileSync(`${target}/dir/same`), "hostile");
      });
      await attack("large file twice", ["-r", "--engine", engine], "dir", ({ code, stderr }, names, target) => {
        assertEquals(code, 0, stderr);
        assertEquals(names, ["large", "planted"]);
        const bytes = Deno.readFileSync(`${target}/dir/large`);
        assert(bytes.length > 0 && bytes.every((byte) => byte === bytes[0]));
      });
    });

    it(`mix names that look alike (${engine})`, async () => {
      await attack("names that look alike", ["-r", "--engine", engine], "dir", ({ code, stderr }, names, target) => {
        assertEquals(code, 0, stderr);
        assertEquals(names, [...ALIKE, "planted"].sort());
        for (const name of ALIKE) assertEquals(Deno.readTextFileSync(`${target}/dir/${name}`), name);
      });
    });

    it(`replace a file by a directory, or vice versa (${engine})`, async () => {
      for (const what of ["directory instead of a file", "file instead of a directory"]) {
        await attack(what, ["-r", "--engine", engine], "dir", ({ code, stderr }, names, target) => {
          assertEquals(code, 1, stderr);
          assertMatch(stderr, /Cannot (create|write) ".*\/dir\/x": (Not|Is) a directory/);
          assertEquals(names, ["planted", "x"]);
          assertEquals(Deno.lstatSync(`${target}/dir/x`).isFile, what.startsWith("directory"));
        });
      }
    });

    it(`write to private names; the rest is written (${engine})`, async () => {
      await attack("private names", ["-r", "--engine", engine], "dir", ({ code, stderr }, names) => {
        assertEquals(code, 1, stderr);
        assertEquals(stderr.match(/^escp: Cannot create ".*\.part": its name is reserved for/gm)?.length, 2, stderr);
        assertEquals(names, [".escp-notes", "good", "planted"]);
      });
    });

    it(`make files that run as their owner (${engine})`, async () => {
      await attack("setuid", ["-r", "--engine", engine], "dir", ({ code, stderr }, names, target) => {
        assertEquals(code, 0, stderr);
        assertEquals(names, ["planted", "setuid"]);
        assertEquals(Deno.statSync(`${target}/dir/setuid`).mode! & 0o7000, 0);
      });
    });

    it(`create directories that --chmod forbids (${engine})`, async () => {
      for (const preserve of [[], ["-p"]]) {
        const flags = ["-r", ...preserve, "--chmod=Dgo=", "--engine", engine];
        await attack("unannounced directory", flags, "dir", ({ code, stderr }, names, target) => {
          assertEquals([code, names], [0, ["planted", "sub"]], stderr);
          assertEquals(Deno.statSync(`${target}/dir/sub`).mode! & 0o7777, 0o700);
        });
      }
    });

    it(`follow a link when it is replaced (${engine})`, async () => {
      await attack("link, then over it", ["-r", "--engine", engine], "dir", (_, names, target) => {
        assertEquals(names, ["link", "planted"]);
        assert(Deno.lstatSync(`${target}/dir/link`).isFile);
      });
    });
  }
});

type Check = (result: EscpResult, names: string[], target: string) => void;

/** Pulls from the server, and checks all files. @param left names in the target that the server may write. */
async function attack(
  trick: string,
  flags: string[],
  source: string,
  check: Check,
  left: readonly string[] = [],
): Promise<void> {
  await using tree = await createTempTree({
    "ssh": inPlaceOfSsh(server, trick),
    "target/outside": "untouched",
    "target/dir/planted": { link: ".." },
  });
  const target = `${tree.path}/target`;
  const args = ["--retries", "0", "-S", `${tree.path}/ssh`, ...flags, `127.0.0.1:${source}`, target];
  const result = await runEscp(args, { timeoutMs: 25_000 });
  assertEquals(await Deno.readTextFile(`${target}/outside`), "untouched");
  assertEquals(listNames(target).filter((name) => !left.includes(name)), ["dir", "outside"]);
  assertEquals(await Deno.stat("/tmp/escp-hostile").then(() => true, () => false), false);
  // deno-lint-ignore no-control-regex
  assert(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/.test(result.stderr), JSON.stringify(result.stderr));
  assert(!/^escp: all is well/m.test(result.stderr), result.stderr);
  assert(!/bug in escp/.test(result.stderr), result.stderr);
  check(result, listNames(`${target}/dir`), target);
  assertEquals(await result.leftBehind(), []);
}
