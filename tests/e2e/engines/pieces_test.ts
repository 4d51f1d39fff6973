import { assert, assertEquals, assertMatch } from "@std/assert";
import { it } from "@std/testing/bdd";
import { spy, stub } from "@std/testing/mock";
import { LargeFiles } from "../../../src/transfer/send/large_files.ts";
import { alteredEscp, runEscp } from "../../support/escp/escp_command.ts";
import { lastEvent } from "../../support/escp/json_events.ts";
import { temporaryFiles } from "../../support/escp/temporary_files.ts";
import { chattrProblem, protect } from "../../support/files/chattr.ts";
import { compareTrees } from "../../support/files/compare_trees.ts";
import { mountSmallDisk, smallDiskProblem } from "../../support/files/small_disk.ts";
import type { TreeEntries } from "../../support/files/temp_tree.ts";
import { describeWithScene, ENGINES, type Variant, variantName, VARIANTS } from "../../support/scene.ts";
import { writeWrapper } from "../../support/shell_script.ts";

const MIB = 1 << 20;
const FILES = 12;
/** Whether copies run in processes of their own, whose announcements no test can count. */
const IN_PROCESSES = Deno.env.has("ESCP_BINARY");
/** Copies on one machine have no pieces. */
const REMOTE = VARIANTS.filter(({ direction }) => direction !== "local");
const PUSH: Variant[] = ENGINES.map((engine) => ({ direction: "push", engine, streams: 4 }));

/** Files that are too large for one frame, in two directories. */
const ENTRIES: TreeEntries = Object.fromEntries(Array.from({ length: FILES }, (_, index) => {
  const size = [MIB + 1, 2 * MIB, 3 * MIB + 4095, 4 * MIB - 1][index % 4];
  return [`from/${index % 2 === 0 ? "a" : "b/c"}/${index}`, { size, mode: index % 3 === 0 ? 0o600 : 0o755 }];
}));

describeWithScene("files in pieces", { inProcess: true }, (scene) => {
  for (const variant of REMOTE) {
    it(`arrive with their contents and attributes (${variantName(variant)})`, async () => {
      const tree = await scene.tree(ENTRIES);
      const flagLists = [["-r"], ["-a"], ["-a", "-C"], ["-r", "-u"]];
      if (variant.engine === "native") flagLists.push(["-r", "--xattrs"]);
      for (const flags of flagLists) {
        const target = `${tree}/${flags.join("")}`;
        const { code, stdout, stderr } = await scene.copy(variant, {
          flags: ["--json", ...flags],
          sources: [`${tree}/from`],
          target,
        });
        assertEquals([code, stderr, lastEvent(stdout).files], [0, "", FILES], `${flags}`);
        const isPreserving = flags.includes("-a");
        const options = { modes: isPreserving, mtimes: isPreserving ? "ms" as const : undefined };
        assertEquals(await compareTrees(`${tree}/from`, target, options), [], `${flags}`);
      }
    });
  }

  for (const variant of PUSH) {
    it(`are announced only if nothing else follows (${variant.engine})`, { ignore: IN_PROCESSES }, async () => {
      const tree = await scene.tree({ ...ENTRIES, "to/from/a/0": "old" });
      using announce = spy(LargeFiles.prototype, "announce");
      const copy = { sources: [`${tree}/from`], target: `${tree}/to` };
      for (
        const [flags, expected] of [
          ...[["-r"], ["-r", "--no-resume"], ["-r", "--sparse"], ["-a", "-u"]].map((each) => [each, 1] as const),
          ...[["-r", "--verify"], ["-r", "--fsync"], ["-r", "--inplace"], ["-r", "--backup"]].map(
            (each) => [each, FILES] as const,
          ),
        ]
      ) {
        await Deno.remove(`${tree}/to/from`, { recursive: true });
        const before = announce.calls.length;
        const { code, stderr } = await scene.copy(variant, { ...copy, flags: [...flags] });
        assertEquals([code, stderr], [0, ""], `${flags}`);
        const announced = announce.calls.length - before;
        assert(expected === FILES ? announced === FILES : announced <= expected, `${flags}: ${announced} announced`);
        assertEquals(await compareTrees(`${tree}/from`, `${tree}/to/from`), [], `${flags}`);
      }
    });
  }
});

/** Lets both ends in this process take each other for another host, until disposed. Existing targets are then no sources. */
function onOtherHosts(): Disposable {
  const { readTextFileSync } = Deno;
  return stub(
    Deno,
    "readTextFileSync",
    (path: string | URL) => `${path}`.endsWith("/boot_id") ? crypto.randomUUID() : readTextFileSync(path),
  );
}

describeWithScene("files in pieces over existing ones", { inProcess: true }, (scene) => {
  const protectedWhy = chattrProblem === undefined ? "" : ` (skipped: ${chattrProblem})`;
  const diskWhy = smallDiskProblem === undefined ? "" : ` (skipped: ${smallDiskProblem})`;

  for (const variant of REMOTE) {
    it(`replace them (${variantName(variant)})`, async () => {
      using _ = onOtherHosts();
      using announce = spy(LargeFiles.prototype, "announce");
      const tree = await scene.tree({
        ...ENTRIES,
        "to/from/a/0": "old",
        "to/from/b/c/1/d": "in the way",
        "to/from/x": "",
      });
      for (const [flags, left] of [[["-r", "--delete"], 0], [["-a", "-u", "--delete"], 0]] as const) {
        const before = announce.calls.length;
        const copy = { flags: [...flags], sources: [`${tree}/from`], target: `${tree}/to` };
        const { code, stderr } = await scene.copy(variant, copy);
        assertEquals([code, stderr], [0, ""], `${flags}`);
        assert(announce.calls.length - before <= 1, `${announce.calls.length - before} announced`);
        assertEquals((await compareTrees(`${tree}/from`, `${tree}/to/from`)).length, left);
        await Deno.writeTextFile(`${tree}/to/from/a/2`, "other contents");
      }
    });

    it(`are announced if they must be written in place${protectedWhy} (${variantName(variant)})`, {
      ignore: chattrProblem !== undefined,
    }, async () => {
      for (const areOtherHosts of [true, false]) {
        using _ = areOtherHosts ? onOtherHosts() : undefined;
        const existing = Object.fromEntries(Object.keys(ENTRIES).map((path) => [`to/${path}`, "old"]));
        const tree = await scene.tree({ ...ENTRIES, ...existing });
        using _a = protect(`${tree}/to/from/a`, "a");
        using _c = protect(`${tree}/to/from/b/c`, "a");
        const copy = { flags: ["-r", "--json"], sources: [`${tree}/from`], target: `${tree}/to` };
        const { code, stderr, stdout } = await scene.copy(variant, copy);
        assertEquals([code, stderr, lastEvent(stdout).files], [0, "", FILES]);
        assertEquals(await compareTrees(`${tree}/from`, `${tree}/to/from`), []);
      }
    });

    it(`leave them and no temporary file on a full disk${diskWhy} (${variantName(variant)})`, {
      ignore: smallDiskProblem !== undefined,
    }, async () => {
      using _ = onOtherHosts();
      using announce = spy(LargeFiles.prototype, "announce");
      await using disk = await mountSmallDisk("size=6m");
      const tree = await scene.tree(ENTRIES);
      await Deno.mkdir(`${disk.path}/from/a`, { recursive: true });
      await Deno.writeTextFile(`${disk.path}/from/a/0`, "old");
      // Without -u the copy is refused, because it cannot fit.
      const flags = ["-r", "-u", "--no-resume"];
      const { code, stderr } = await scene.copy(variant, { flags, sources: [`${tree}/from`], target: disk.path });
      assertEquals(code, 1);
      assertMatch(stderr, /No space left on device/);
      assertEquals(temporaryFiles(disk.path), []);
      assert(announce.calls.length <= 1, `${announce.calls.length} announced`);
      const differences = await compareTrees(`${tree}/from`, `${disk.path}/from`);
      assert(differences.every((each) => /missing|^a\/0: /.test(each)), differences.join("\n"));
    });
  }
});

describeWithScene("files in pieces and other versions", (scene) => {
  it("are announced to an escp that does not know pieces", async () => {
    const escp = `${await scene.tree()}/escp`;
    await writeWrapper(escp, alteredEscp("without_pieces.ts"));
    for (const isPush of [true, false]) {
      const tree = await scene.tree(ENTRIES);
      const operands = isPush ? [`${tree}/from`, `testhost:${tree}/to`] : [`testhost:${tree}/from`, `${tree}/to`];
      const { code, stderr } = await runEscp([...scene.sshd.sshOptions, "-D", escp, "-r", "--", ...operands]);
      assertEquals([code, stderr], [0, ""]);
      assertEquals(await compareTrees(`${tree}/from`, `${tree}/to`), []);
    }
  });

  it("pass between two remote hosts", async () => {
    const tree = await scene.tree(ENTRIES);
    const flags = [...scene.sshd.sshOptions, "-3", "-r", "--json", "--"];
    const { code, stdout, stderr } = await runEscp([...flags, `testhost:${tree}/from`, `testhost:${tree}/to`]);
    assertEquals([code, stderr, lastEvent(stdout).files], [0, "", FILES]);
    assertEquals(await compareTrees(`${tree}/from`, `${tree}/to`), []);
  });
});
