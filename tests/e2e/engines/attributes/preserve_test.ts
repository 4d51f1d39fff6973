import { assertEquals } from "@std/assert";
import { exists } from "@std/fs/exists";
import { afterAll, beforeAll, it } from "@std/testing/bdd";
import { compareTrees } from "../../../support/files/compare_trees.ts";
import { runEscp } from "../../../support/escp/escp_command.ts";
import { lastEvent } from "../../../support/escp/json_events.ts";
import { PLAIN_RIGHTS, plainRightsProblem } from "../../../support/files/plain_rights.ts";
import { describeWithScene, variantName, VARIANTS, wrapEscp } from "../../../support/scene.ts";
import { removeTree } from "../../../support/files/temp.ts";
import type { TreeEntries } from "../../../support/files/temp_tree.ts";

const OLD = new Date("2001-02-03T04:05:06.789Z");
const FUTURE = new Date("2100-01-01T00:00:00Z");

/** Whether the runtime under test truncates times before 1970 to seconds. */
const TRUNCATES = /Deno 2\.[0-8]\./.test((await runEscp(["-V", "-v"])).stdout);

/** Returns files and directories of many modes. */
function modesTree(): TreeEntries {
  const entries: TreeEntries = {};
  for (const mode of [0o400, 0o444, 0o600, 0o644, 0o664, 0o666, 0o700, 0o755, 0o777]) {
    entries[`f${mode.toString(8)}`] = { content: "x", mode, mtime: OLD };
  }
  for (const mode of [0o500, 0o555, 0o700, 0o755, 0o775, 0o777]) {
    entries[`d${mode.toString(8)}`] = { directory: true, mode, mtime: OLD };
    entries[`d${mode.toString(8)}/f`] = { content: "x", mode: 0o640, mtime: FUTURE };
  }
  entries["setuid"] = { content: "x", mode: 0o4755, mtime: OLD };
  entries["large"] = { size: 2 << 20, mode: 0o751, mtime: new Date(0) };
  entries["."] = { directory: true, mode: 0o750, mtime: OLD };
  return entries;
}

const UMASK = 0o027;

describeWithScene("modes and times", { inProcess: true, umask: UMASK }, (scene) => {
  for (const variant of VARIANTS) {
    it(`of new files follow the umask without -p, like scp: ${variantName(variant)}`, async () => {
      const tree = await scene.tree(modesTree());
      const to = await scene.tree();
      const { code, stderr } = await scene.copy(variant, { flags: ["-r"], sources: [tree], target: `${to}/new` });
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      for (const path of ["", ...Object.keys(modesTree())]) {
        const expected = Deno.statSync(`${tree}/${path}`).mode! & 0o777 & ~UMASK;
        assertEquals(modeOf(`${to}/new/${path}`), expected.toString(8), path);
        assertEquals(Deno.statSync(`${to}/new/${path}`).mtime! > FUTURE, false, path);
        assertEquals(Deno.statSync(`${to}/new/${path}`).mtime! > OLD, true, path);
      }
    });

    it(`are preserved with -p: ${variantName(variant)}`, async () => {
      const tree = await scene.tree(modesTree());
      const to = await scene.tree();
      const { code, stderr } = await scene.copy(variant, { flags: ["-rp"], sources: [tree], target: `${to}/new` });
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      const mtimes = variant.engine === "native" ? "ns" : "ms";
      assertEquals(await compareTrees(tree, `${to}/new`, { modes: true, mtimes }), []);
    });

    it(`before 1970 are preserved, and -u recognizes them: ${variantName(variant)}`, async () => {
      const tree = await scene.tree({
        "from/old": "1",
        "from/directory/large": { size: 2 << 20 },
        "from/fraction": "2",
      });
      const to = await scene.tree();
      const touch = async (path: string, time: string) => {
        await new Deno.Command("touch", { args: ["-d", `@${time}`, `${tree}/from/${path}`] }).output();
      };
      await touch("old", "-315619200");
      await touch("directory/large", "-1000000000.5");
      await touch("fraction", "-0.25");
      await touch("directory", "-86400");
      const copy = { flags: ["-rp", "--json"], sources: [`${tree}/from/.`], target: to };
      const first = await scene.copy(variant, copy);
      assertEquals({ code: first.code, stderr: first.stderr }, { code: 0, stderr: "" });
      const names = ["old", "fraction", "directory", "directory/large"];
      const times = async (directory: string) => {
        const args = ["-c", "%.9Y", ...names.map((name) => `${directory}/${name}`)];
        const { stdout } = await new Deno.Command("stat", { args }).output();
        const seconds = new TextDecoder().decode(stdout).trim().split("\n").map(Number);
        return TRUNCATES && variant.engine === "portable" ? seconds.map(Math.floor) : seconds;
      };
      assertEquals(await times(to), await times(`${tree}/from`));
      const again = await scene.copy(variant, { ...copy, flags: [...copy.flags, "-u"] });
      assertEquals({ code: again.code, stderr: again.stderr }, { code: 0, stderr: "" });
      const { files, skipped } = lastEvent(again.stdout);
      assertEquals({ files, skipped }, { files: 0, skipped: 3 });
    });

    it(`of replaced files stay without -p: ${variantName(variant)}`, async () => {
      const tree = await scene.tree({
        "small": { content: "new", mode: 0o777 },
        "large": { size: 2 << 20, mode: 0o777 },
        "to/small": { content: "old", mode: 0o604 },
        "to/large": { content: "old", mode: 0o604 },
      });
      const sources = [`${tree}/small`, `${tree}/large`];
      const { code, stderr } = await scene.copy(variant, { sources, target: `${tree}/to` });
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assertEquals(["small", "large"].map((name) => modeOf(`${tree}/to/${name}`)), ["604", "604"]);
      const kept = await scene.copy(variant, { flags: ["-p"], sources, target: `${tree}/to` });
      assertEquals({ code: kept.code, stderr: kept.stderr }, { code: 0, stderr: "" });
      assertEquals(["small", "large"].map((name) => modeOf(`${tree}/to/${name}`)), ["777", "777"]);
    });
  }
});

describeWithScene("directories without write permission", { ignore: plainRightsProblem !== undefined }, (scene) => {
  let plain: Disposable;
  beforeAll(async () => plain = await wrapEscp(scene, { command: PLAIN_RIGHTS }));
  afterAll(() => plain[Symbol.dispose]());

  for (const variant of VARIANTS) {
    it(`receive their contents, also in a second copy: ${variantName(variant)}`, async () => {
      const tree = await scene.tree({
        "from/closed/sub/small": "1",
        "from/closed/sub/large": { size: 2 << 20 },
        "from/closed/sub": { directory: true, mode: 0o555 },
        "from/closed": { directory: true, mode: 0o555 },
      });
      for (const flags of [["-r"], ["-r"], ["-rp"]]) {
        const copy = { flags, sources: [`${tree}/from/closed`], target: `${tree}/new` };
        // The first copy creates the directory, the second updates it.
        const again = copy.target + "/.";
        const source = `${tree}/from/closed/.`;
        const isUpdate = await exists(copy.target);
        const { code, stderr } = await scene.copy(
          variant,
          isUpdate ? { flags, sources: [source], target: again } : copy,
        );
        assertEquals({ code, stderr }, { code: 0, stderr: "" }, flags.join());
        assertEquals(await compareTrees(`${tree}/from/closed`, `${tree}/new`), []);
        assertEquals(["", "/sub"].map((path) => modeOf(`${tree}/new${path}`)), ["555", "555"], flags.join());
      }
      await removeTree(`${tree}/new`);
    });
  }
});

function modeOf(path: string): string {
  return (Deno.statSync(path).mode! & 0o7777).toString(8);
}
