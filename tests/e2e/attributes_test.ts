import { assertEquals } from "@std/assert";
import { afterAll, beforeAll, it } from "@std/testing/bdd";
import { compareTrees } from "../support/compare_trees.ts";
import { runEscp } from "../support/escp_command.ts";
import { describeWithSshd } from "../support/needs_sshd.ts";
import { removeTree } from "../support/temp.ts";
import type { TreeEntries } from "../support/temp_tree.ts";
import { plainRightsProblem, useAsEscp, writePlainEscp } from "./plain_rights.ts";
import { ENGINES, type Scene, startScene, wayName, WAYS } from "./scene.ts";

const OLD = new Date("2001-02-03T04:05:06.789Z");
const FUTURE = new Date("2100-01-01T00:00:00Z");

/** Asked of the program that is tested, which may be a compiled one. */
const CUTS_FRACTIONS = /Deno 2\.[0-8]\./.test((await runEscp(["-V", "-v"])).stdout);

/** Files and directories of all modes. */
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

describeWithSshd("modes and times", () => {
  const umask = 0o027;
  let umaskBefore: number;
  let scene: Scene;
  beforeAll(async () => {
    umaskBefore = Deno.umask(umask);
    scene = await startScene();
  });
  afterAll(async () => {
    Deno.umask(umaskBefore);
    await scene[Symbol.asyncDispose]();
  });

  for (const way of WAYS) {
    it(`are masked by umask without -p, as with scp: ${wayName(way)}`, async () => {
      const tree = await scene.tree(modesTree());
      const to = await scene.tree();
      const { code, stderr } = await scene.copy(way, { flags: ["-r"], sources: [tree], target: `${to}/new` });
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      for (const path of ["", ...Object.keys(modesTree())]) {
        const expected = Deno.statSync(`${tree}/${path}`).mode! & 0o777 & ~umask;
        assertEquals(modeOf(`${to}/new/${path}`), expected.toString(8), path);
        assertEquals(Deno.statSync(`${to}/new/${path}`).mtime! > FUTURE, false, path);
        assertEquals(Deno.statSync(`${to}/new/${path}`).mtime! > OLD, true, path);
      }
    });

    it(`are kept with -p: ${wayName(way)}`, async () => {
      const tree = await scene.tree(modesTree());
      const to = await scene.tree();
      const { code, stderr } = await scene.copy(way, { flags: ["-rp"], sources: [tree], target: `${to}/new` });
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      const mtimes = way.engine === "native" ? "ns" : "ms";
      assertEquals(await compareTrees(tree, `${to}/new`, { modes: true, mtimes }), []);
    });

    it(`before 1970 are kept, and known again with -u: ${wayName(way)}`, async () => {
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
      const first = await scene.copy(way, copy);
      assertEquals({ code: first.code, stderr: first.stderr }, { code: 0, stderr: "" });
      const names = ["old", "fraction", "directory", "directory/large"];
      const times = async (directory: string) => {
        const args = ["-c", "%.9Y", ...names.map((name) => `${directory}/${name}`)];
        const { stdout } = await new Deno.Command("stat", { args }).output();
        const seconds = new TextDecoder().decode(stdout).trim().split("\n").map(Number);
        // Deno before 2.9 sets whole seconds before 1970.
        return CUTS_FRACTIONS && way.engine === "portable" ? seconds.map(Math.floor) : seconds;
      };
      assertEquals(await times(to), await times(`${tree}/from`));
      const again = await scene.copy(way, { ...copy, flags: [...copy.flags, "-u"] });
      assertEquals({ code: again.code, stderr: again.stderr }, { code: 0, stderr: "" });
      const { files, skipped } = JSON.parse(again.stdout.trim().split("\n").at(-1)!);
      assertEquals({ files, skipped }, { files: 0, skipped: 3 });
    });

    it(`of a file that is replaced stay without -p: ${wayName(way)}`, async () => {
      const tree = await scene.tree({
        "small": { content: "new", mode: 0o777 },
        "large": { size: 2 << 20, mode: 0o777 },
        "to/small": { content: "old", mode: 0o604 },
        "to/large": { content: "old", mode: 0o604 },
      });
      const sources = [`${tree}/small`, `${tree}/large`];
      const { code, stderr } = await scene.copy(way, { sources, target: `${tree}/to` });
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assertEquals(["small", "large"].map((name) => modeOf(`${tree}/to/${name}`)), ["604", "604"]);
      const kept = await scene.copy(way, { flags: ["-p"], sources, target: `${tree}/to` });
      assertEquals({ code: kept.code, stderr: kept.stderr }, { code: 0, stderr: "" });
      assertEquals(["small", "large"].map((name) => modeOf(`${tree}/to/${name}`)), ["777", "777"]);
    });
  }
});

describeWithSshd("directories without write permission", { ignore: plainRightsProblem !== undefined }, () => {
  let scene: Scene;
  let plain: Disposable;
  beforeAll(async () => {
    scene = await startScene();
    for (const engine of ENGINES) {
      // The remote side's own escp is started by one with plain rights as well.
      const inner = `${scene.sshd.binDirectory}/${engine}`;
      await Deno.rename(`${inner}/escp`, `${inner}/inner`);
      await Deno.rename(await writePlainEscp(inner, [`${inner}/inner`]), `${inner}/escp`);
    }
    plain = useAsEscp(await writePlainEscp(scene.sshd.binDirectory));
  });
  afterAll(async () => {
    plain[Symbol.dispose]();
    await scene[Symbol.asyncDispose]();
  });

  for (const way of WAYS) {
    it(`receive their contents, also the second time: ${wayName(way)}`, async () => {
      const tree = await scene.tree({
        "from/closed/sub/small": "1",
        "from/closed/sub/large": { size: 2 << 20 },
        "from/closed/sub": { directory: true, mode: 0o555 },
        "from/closed": { directory: true, mode: 0o555 },
      });
      for (const flags of [["-r"], ["-r"], ["-rp"]]) {
        const copy = { flags, sources: [`${tree}/from/closed`], target: `${tree}/new` };
        // The first copy makes the directory, the second goes over it.
        const again = copy.target + "/.";
        const source = `${tree}/from/closed/.`;
        const exists = await Deno.stat(copy.target).then(() => true, () => false);
        const { code, stderr } = await scene.copy(way, exists ? { flags, sources: [source], target: again } : copy);
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
