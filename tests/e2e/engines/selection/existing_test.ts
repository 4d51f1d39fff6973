import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { it } from "@std/testing/bdd";
import { runEscp } from "../../../support/escp/escp_command.ts";
import { lastEvent, parseEvents } from "../../../support/escp/json_events.ts";
import { oldEscpFlags } from "../../../support/escp/old_escp.ts";
import { pathsIn } from "../../../support/files/paths_in.ts";
import type { TreeEntries } from "../../../support/files/temp_tree.ts";
import { describeWithScene, rotatingVariants, variantName, VARIANTS } from "../../../support/scene.ts";

const LARGE = 3 << 20;
const SOURCE: TreeEntries = {
  "from": { directory: true, mode: 0o700 },
  "from/old/small": { content: "new", mode: 0o600 },
  "from/old/large": { size: LARGE, seed: 1 },
  "from/old/link": { link: "new" },
  "from/old/kind": "file",
  "from/old/new": "new",
  "from/old/new large": { size: LARGE, seed: 2 },
  "from/added/file": "new",
  "from/added/large": { size: LARGE, seed: 3 },
  "from/added/empty": { directory: true },
};
const TARGET: TreeEntries = {
  "to/old/small": { content: "old", mode: 0o644 },
  "to/old/large": "old",
  "to/old/link": { link: "old" },
};
const NEW = ["added", "added/empty", "added/file", "added/large", "old/new", "old/new large"];
const OLD = ["old", "old/kind", "old/large", "old/link", "old/small"];

const read = (tree: string) => ({
  small: Deno.readTextFileSync(`${tree}/to/old/small`),
  large: Deno.statSync(`${tree}/to/old/large`).size,
  link: Deno.readLinkSync(`${tree}/to/old/link`),
});
const UNCHANGED = { small: "old", large: 3, link: "old" };
const REPLACED = { small: "new", large: LARGE, link: "new" };

describeWithScene("--ignore-existing and --existing", { inProcess: true }, (scene) => {
  for (const variant of VARIANTS) {
    const name = variantName(variant);

    it(`--ignore-existing copies only what is missing (${name})`, async () => {
      for (const more of [[], ["-u"], ["--checksum", "--fsync"], ["--no-resume"]]) {
        const tree = await scene.tree({ ...SOURCE, ...TARGET, "to/old/kind": { directory: true } });
        const copy = {
          flags: ["-a", "--json", "--ignore-existing"],
          sources: [`${tree}/from/.`],
          target: `${tree}/to`,
        };
        const dry = await scene.copy(variant, { ...copy, flags: [...copy.flags, "-n"] });
        assertEquals([dry.code, dry.stderr, pathsIn(`${tree}/to`)], [0, "", OLD]);
        const actions = Object.groupBy(
          parseEvents(dry.stdout).filter(({ event }) => event === "planned"),
          ({ action }) => String(action),
        );
        assertEquals([actions.create?.length, actions.send?.length, actions.skip?.length], [2, 4, 4], dry.stdout);
        const { code, stdout, stderr } = await scene.copy(variant, { ...copy, flags: [...copy.flags, ...more] });
        assertEquals([code, stderr], [0, ""], more.join());
        const { files, skipped } = lastEvent(stdout);
        assertEquals([files, skipped, lastEvent(dry.stdout).files], [4, 4, 4], more.join());
        assertEquals(pathsIn(`${tree}/to`), [...NEW, ...OLD].sort());
        assertEquals(read(tree), UNCHANGED);
        assertEquals(Deno.statSync(`${tree}/to/old/small`).mode! & 0o777, 0o644);
        assertEquals(Deno.statSync(`${tree}/to`).mode! & 0o777, 0o700, "directories merge");
      }
    });

    it(`--existing creates nothing (${name})`, async () => {
      for (const more of [[], ["-u"], ["--checksum", "--fsync"], ["--verify"], ["--inplace"]]) {
        const tree = await scene.tree({ ...SOURCE, ...TARGET, "to/old/kind": "old" });
        const copy = { flags: ["-a", "--json", "--existing"], sources: [`${tree}/from/.`], target: `${tree}/to` };
        const dry = await scene.copy(variant, { ...copy, flags: [...copy.flags, "-n"] });
        assertEquals([dry.code, dry.stderr, read(tree)], [0, "", UNCHANGED]);
        assertEquals(dry.stdout.includes('"action":"create"'), false, dry.stdout);
        const { code, stdout, stderr } = await scene.copy(variant, { ...copy, flags: [...copy.flags, ...more] });
        assertEquals([code, stderr], [0, ""], more.join());
        const { files, skipped } = lastEvent(stdout);
        assertEquals([files, skipped, lastEvent(dry.stdout).files], [4, 4, 4], more.join());
        assertEquals(pathsIn(`${tree}/to`), OLD);
        assertEquals(read(tree), REPLACED);
      }
    });

    it(`--existing creates no directory for a source (${name})`, async () => {
      const tree = await scene.tree({ ...SOURCE, ...TARGET });
      const flags = ["-r", "-p", "--existing", "--mkpath"];
      for (
        const [source, target] of [["from", "to"], ["from", "other"], ["from", "a/b/c"], ["from/old/kind", "to/x"]]
      ) {
        const copy = { flags, sources: [`${tree}/${source}`], target: `${tree}/${target}` };
        const { code, stderr } = await scene.copy(variant, copy);
        assertEquals([code, stderr], [0, ""]);
      }
      assertEquals(pathsIn(`${tree}/to`), OLD.filter((path) => path !== "old/kind"));
      assertEquals([...Deno.readDirSync(tree)].map((entry) => entry.name).sort(), ["from", "to"]);
    });

    it(`both together copy nothing (${name})`, async () => {
      const tree = await scene.tree({ ...SOURCE, ...TARGET, "to/old/kind": "old" });
      const flags = ["-a", "--json", "--existing", "--ignore-existing"];
      const { code, stdout } = await scene.copy(variant, { flags, sources: [`${tree}/from/.`], target: `${tree}/to` });
      assertEquals([code, lastEvent(stdout).files, lastEvent(stdout).skipped], [0, 0, 8]);
      assertEquals([pathsIn(`${tree}/to`), read(tree)], [OLD, UNCHANGED]);
    });
  }

  it("count skipped files in the summary", async () => {
    const tree = await scene.tree({ ...SOURCE, ...TARGET, "to/old/kind": "old" });
    for (const variant of rotatingVariants(0)) {
      const flags = ["-r", "-v", "--ignore-existing", "--exclude=added", "--exclude=new*", "--symlinks=skip"];
      const { stderr } = await scene.copy(variant, { flags, sources: [`${tree}/from/.`], target: `${tree}/to` });
      assertStringIncludes(stderr, "3 skipped");
    }
  });

  it("apply to a copy between two remote hosts", async () => {
    const tree = await scene.tree({ ...SOURCE, ...TARGET, "to/old/kind": "old" });
    const copy = (flag: string) =>
      runEscp([...scene.sshd.sshOptions, "-a", flag, `testhost:${tree}/from/.`, `testhost2:${tree}/to`]);
    assertEquals((await copy("--existing")).code, 0);
    assertEquals([pathsIn(`${tree}/to`), read(tree)], [OLD, REPLACED]);
    await Deno.writeTextFile(`${tree}/to/old/small`, "newer");
    assertEquals((await copy("--ignore-existing")).code, 0);
    assertEquals([pathsIn(`${tree}/to`), read(tree).small], [[...NEW, ...OLD].sort(), "newer"]);
  });

  it("are refused by a remote end that does not know them", async () => {
    const tree = await scene.tree({ ...SOURCE, ...TARGET });
    for (const direction of ["push", "pull"] as const) {
      const flags = [...await oldEscpFlags(scene), "-r", "--existing"];
      const copy = { flags, sources: [`${tree}/from/.`], target: `${tree}/to` };
      const { code, stderr } = await scene.copy({ ...VARIANTS[0], direction }, copy);
      assertMatch(stderr, /^escp: Cannot skip files by their existence in the target: escp \S+ on testhost does not/m);
      assertEquals([code, read(tree)], [1, UNCHANGED]);
    }
  });

  it("are refused with standard input and output", async () => {
    for (const [flag, ...operands] of [["--existing", "-", "x"], ["--ignore-existing", "x", "-"]]) {
      const { code, stderr } = await runEscp([flag, ...operands]);
      assertEquals(code, 2);
      assertMatch(stderr, new RegExp(`^escp: Cannot use "${flag}" with standard`, "m"));
    }
  });
});
