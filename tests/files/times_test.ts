import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { EventLoopYielder } from "../../src/async/event_loop_yielder.ts";
import { FileChange } from "../../src/files/stat/file_change.ts";
import { PACK_FILE_LIMIT } from "../../src/protocol/limits.ts";
import { digestSources } from "../../src/streams/send/digest_sources.ts";
import { failingDiskProblem, mountFailingDisk } from "../support/files/failing_disk.ts";
import { collect, copyTree, ENGINES, rawShell, sourceRoot, TempDirectory } from "./file_engines.ts";

/** Times for touch(1). The portable engine supports whole milliseconds. */
const TIMES = {
  "before 1970": "-315619200",
  "a moment before 1970": "-0.25",
  "a second and a half before 1970": "-1.5",
  "1901": "-2147000000.125",
  "1970": "0",
  "after 2038": "2219788800.5",
};

/** Deno before 2.9 sets whole seconds before 1970. */
const CUTS_FRACTIONS = /^2\.[0-8]\./.test(Deno.version.deno);

function touch(path: string, time: string): void {
  rawShell(`touch -d '@${time}' '${path}'`, "/");
}

/** Returns the times from stat(1), in seconds since 1970. */
function timeOf(path: string): number {
  const { stdout } = new Deno.Command("stat", { args: ["-c", "%.9Y", path] }).outputSync();
  return Number(new TextDecoder().decode(stdout));
}

for (const { title, make } of ENGINES) {
  describe(`times, ${title}`, () => {
    const engine = make();
    const expected = (time: string) =>
      title === "portable" && CUTS_FRACTIONS && Number(time) < 0 ? Math.floor(Number(time)) : Number(time);

    it("before 1970, with and without fractions, are preserved for files and directories", async () => {
      using temp = new TempDirectory();
      temp.directory("from");
      for (const [name, time] of Object.entries(TIMES)) {
        touch(temp.write(`from/${name}`, "small"), time);
        touch(temp.write(`from/large ${name}`, new Uint8Array(PACK_FILE_LIMIT + 1)), time);
        touch(temp.directory(`from/directory ${name}`), time);
      }
      const to = { kind: "folder", path: temp.directory("to"), created: true } as const;
      const failures = await copyTree(engine, [sourceRoot(engine, temp.at("from"))], [to], { preserve: true });
      assertEquals(failures, []);
      for (const [name, time] of Object.entries(TIMES)) {
        for (const path of [name, `large ${name}`, `directory ${name}`]) {
          assertEquals(timeOf(temp.at(`to/${path}`)), expected(time), path);
        }
      }
    });

    it(`are preserved to the ${title === "portable" ? "millisecond, rounded down" : "nanosecond"}`, async () => {
      using temp = new TempDirectory();
      temp.directory("from/directory");
      for (
        const path of [temp.write("from/small", "small"), temp.write("from/large", new Uint8Array(PACK_FILE_LIMIT + 1))]
      ) {
        touch(path, "1700000000.123999999");
      }
      touch(temp.at("from/directory"), "1700000000.123999999");
      const to = { kind: "folder", path: temp.directory("to"), created: true } as const;
      assertEquals(await copyTree(engine, [sourceRoot(engine, temp.at("from"))], [to], { preserve: true }), []);
      for (const path of ["small", "large", "directory"]) {
        const { stdout } = new Deno.Command("stat", { args: ["-c", "%.9Y", temp.at(`to/${path}`)] }).outputSync();
        const fraction = title === "portable" ? "123000000" : "123999999";
        assertEquals(new TextDecoder().decode(stdout), `1700000000.${fraction}\n`, path);
      }
    });

    it("of an unchanged file are equal in the walk and in the reader", async () => {
      using temp = new TempDirectory();
      temp.directory("from");
      temp.write("from/small", "small");
      temp.write("from/large", new Uint8Array(PACK_FILE_LIMIT + 1));
      const roots = [sourceRoot(engine, temp.at("from"))];
      const items = await collect(engine.walk(roots, { recursive: true }));
      const reader = engine.sourceReader(roots);
      const yielder = new EventLoopYielder();
      const changes: (number | undefined)[] = [];
      for (const item of items) {
        const unit = { type: "digest", unit: 0, attempt: 0, sha256: false } as const;
        if (item.type !== "pack" && item.type !== "ranged") continue;
        const work = item.type === "pack" ? { ...unit, plan: item.plan } : { ...unit, file: item };
        const sums = await digestSources(work, reader, yielder);
        changes.push(...sums.map((sum) => sum?.change));
      }
      reader.close();
      yielder.close();
      assertEquals(changes, [FileChange.none, FileChange.none]);
    });

    const ignore = failingDiskProblem !== undefined;
    const why = ignore ? ` (skipped: ${failingDiskProblem})` : "";
    const FAULTS = {
      "a time that is refused": { fault: { on: "utime", errno: "EPERM" }, state: "Operation not permitted" },
      "a time that the file system replaces": {
        fault: { errno: "EPERM", earliest: 315_532_800 },
        state: "its file system has no such time",
      },
    } as const;
    for (const [what, { fault, state }] of Object.entries(FAULTS)) {
      it({
        name: `${what} costs nothing of the contents, and is reported${why}`,
        ignore,
        async fn() {
          await using disk = await mountFailingDisk(fault);
          using temp = new TempDirectory();
          temp.directory("from/directory");
          touch(temp.write("from/small", "contents"), "-315619200");
          touch(temp.write("from/large", new Uint8Array(PACK_FILE_LIMIT + 1)), "-315619200");
          touch(temp.at("from/directory"), "-315619200");
          if (what === "a time that the file system replaces") touch(temp.write("from/young", "young"), "1000000000");
          const to = `${disk.path}/to`;
          Deno.mkdirSync(to);
          const root = { kind: "folder", path: to, created: true } as const;
          const failures = await copyTree(engine, [sourceRoot(engine, temp.at("from"))], [root], { preserve: true });
          const paths = ["", "/directory", "/large", "/small"].filter((path) => path !== "" || "on" in fault);
          assertEquals(failures.sort(), paths.map((path) => `Cannot set the time of "${to}${path}": ${state}`));
          assertEquals(Deno.readTextFileSync(`${to}/small`), "contents");
          assertEquals(Deno.statSync(`${to}/large`).size, PACK_FILE_LIMIT + 1);
        },
      });
    }
  });
}
