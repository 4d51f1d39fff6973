import { assert, assertEquals, assertMatch } from "@std/assert";
import { it } from "@std/testing/bdd";
import { compareTrees } from "../../support/files/compare_trees.ts";
import { escpCommand, useAsEscp } from "../../support/escp/escp_command.ts";
import { oldEscpFlags } from "../../support/escp/old_escp.ts";
import { listNames } from "../../support/files/list_names.ts";
import { plainRightsProblem, writePlainEscp } from "../../support/files/plain_rights.ts";
import { tracingProblem } from "../../support/escp/stopped_at.ts";
import { describeWithScene, rotatingVariants, type Variant, variantName, VARIANTS } from "../../support/scene.ts";
import { writeWrapper } from "../../support/shell_script.ts";

const TREE = {
  ...{ "small": "s", "in/small": "t", "in/deep/large": { size: 3 << 20, seed: 1 } },
  ...{ "in/deep/link": { link: "large" }, "hard": { hardLink: "small" } },
};
const CALLS = "fsync,fdatasync,rename,renameat,renameat2,write";

const why = tracingProblem === undefined ? "" : `, skipped: ${tracingProblem}`;

describeWithScene("--fsync", (scene) => {
  /** Copies and returns the syncs and renames of the writing process below the target, in order. Not for a push. */
  async function traced(variant: Variant, flags: string[], from: string, to: string): Promise<string[]> {
    const directory = await scene.tree();
    const trace = `${directory}/trace`;
    const words = ["strace", "-f", "-y", "-s", "24", "-e", `trace=${CALLS}`, "-o", trace, ...escpCommand()];
    await writeWrapper(`${directory}/escp`, words);
    using _ = useAsEscp(`${directory}/escp`);
    const { code, stderr } = await scene.copy(variant, { flags: ["-a", ...flags], sources: [`${from}/.`], target: to });
    assertEquals([code, stderr], [0, ""]);
    const lines = (await Deno.readTextFile(trace)).split("\n");
    return lines.flatMap((line) => {
      const synced = /\bf(?:data)?sync\(\d+<([^>]*)>/.exec(line)?.[1];
      if (synced?.startsWith(to)) return [`sync ${synced}`];
      if (line.includes(" rename") && line.includes(to) && !line.includes("resumed>")) return [renamed(line)];
      return line.includes('{\\"type\\":\\"finished\\"') ? ["finished"] : [];
    });
  }

  for (const variant of VARIANTS.filter(({ direction }) => direction !== "push")) {
    it(`flushes each file before its rename and each directory before success${why} (${variantName(variant)})`, {
      ignore: tracingProblem !== undefined,
    }, async () => {
      const [from, to] = [await scene.tree(TREE), `${await scene.tree()}/new`];
      const calls = await traced(variant, ["--fsync"], `${from}`, to);
      assertEquals(await compareTrees(from, to, { modes: true }), []);
      const renames = calls.filter((call) => call.startsWith("rename"));
      assertEquals(renames.map((call) => call.split("/").at(-1)).sort(), ["hard", "large", "link", "small", "small"]);
      for (const rename of renames) {
        const [temporary, name] = rename.slice("rename ".length).split(" ");
        if (/hard|link/.test(name)) continue;
        assert(calls.slice(0, calls.indexOf(rename)).includes(`sync ${temporary}`), `${name}: ${calls.join("\n")}`);
      }
      const last = calls.lastIndexOf(renames.at(-1)!);
      // "finished" is the last message of the receiver.
      const end = calls.indexOf("finished");
      assert(end > last);
      const after = calls.slice(last + 1, end);
      for (const directory of [to, `${to}/in`, `${to}/in/deep`]) {
        assert(after.includes(`sync ${directory}`), after.join("\n"));
      }
    });

    it(`flushes files that are the same before their sources are removed${why} (${variantName(variant)})`, {
      ignore: tracingProblem !== undefined,
    }, async () => {
      const tree = await scene.tree({ "from/in/small": "s", "from/in/large": { size: 3 << 20 } });
      const [from, to] = [`${tree}/from`, `${tree}/to`];
      assertEquals((await scene.copy(variant, { flags: ["-a"], sources: [`${from}/.`], target: to })).code, 0);
      const calls = await traced(variant, ["-u", "--remove-source-files"], from, to);
      for (const path of [`${to}/in/small`, `${to}/in/large`, `${to}/in`]) {
        assert(calls.slice(0, calls.indexOf("finished")).includes(`sync ${path}`), `${path}: ${calls.join("\n")}`);
      }
      assertEquals([...Deno.readDirSync(`${from}/in`)], []);
    });

    it(
      `is not the default: nothing is flushed${why} (${variantName(variant)})`,
      { ignore: tracingProblem !== undefined },
      async () => {
        const [from, to] = [await scene.tree(TREE), await scene.tree()];
        const calls = await traced(variant, [], from, to);
        assertEquals(calls.filter((call) => call.startsWith("sync")), []);
        assertEquals(calls.filter((call) => call.startsWith("rename")).length, 5);
      },
    );
  }

  for (const variant of rotatingVariants(0)) {
    it(`copies to files, directories and a device (${variantName(variant)})`, async () => {
      const from = await scene.tree(TREE);
      const to = await scene.tree({ "small": "old", "large": "old" });
      for (const [source, target] of [["small", "small"], ["in/deep/large", "large"]]) {
        const copy = { flags: ["--fsync"], sources: [`${from}/${source}`] };
        const { code, stderr } = await scene.copy(variant, { ...copy, target: `${to}/${target}` });
        assertEquals([code, stderr], [0, ""]);
        assertEquals((await scene.copy(variant, { ...copy, target: "/dev/null" })).code, 0);
      }
      assertEquals(await Deno.readTextFile(`${to}/small`), "s");
      assertEquals((await Deno.stat(`${to}/large`)).size, 3 << 20);
    });
  }

  for (const variant of rotatingVariants(1).filter(({ direction }) => direction !== "push")) {
    it(`flushes directories without read permission and keeps their modes (${variantName(variant)})`, {
      ignore: plainRightsProblem !== undefined,
    }, async () => {
      const from = await scene.tree({ "in/small": "s" });
      const to = await scene.tree({ "in": { directory: true, mode: 0o300 } });
      using _ = useAsEscp(await writePlainEscp(await scene.tree()));
      const copy = { flags: ["-r", "--fsync"], sources: [`${from}/.`], target: to };
      const { code, stderr } = await scene.copy(variant, copy);
      assertEquals([code, stderr], [0, ""]);
      assertEquals((await Deno.stat(`${to}/in`)).mode! & 0o7777, 0o300);
    });
  }

  it("is refused by an older escp before anything is written", async () => {
    const [from, to] = [await scene.tree(TREE), await scene.tree()];
    const copy = { flags: ["-r", "--fsync", ...await oldEscpFlags(scene)], sources: [`${from}/.`], target: to };
    const { code, stderr } = await scene.copy({ ...VARIANTS[0], direction: "push" }, copy);
    assertMatch(stderr, /^escp: Cannot use --fsync: escp \S+ on \S+ does not support it$/m);
    assertEquals([code, listNames(to)], [1, []]);
  });
});

/** Returns "rename FROM TO" with absolute paths. */
function renamed(line: string): string {
  const [from, to] = line.includes(" rename(")
    ? /rename\("(.*?)", "(.*?)"/.exec(line)!.slice(1)
    : whole(/renameat2?\(\d+<(.*?)>, "(.*?)", \d+<(.*?)>, "(.*?)"/.exec(line)!);
  return `rename ${from} ${to}`;
}

function whole([, fromDirectory, from, toDirectory, to]: string[]): string[] {
  return [`${fromDirectory}/${from}`, `${toDirectory}/${to}`];
}
