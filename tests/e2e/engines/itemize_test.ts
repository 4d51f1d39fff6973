import { assertEquals, assertMatch } from "@std/assert";
import { it } from "@std/testing/bdd";
import { runEscp } from "../../support/escp/escp_command.ts";
import { parseEvents } from "../../support/escp/json_events.ts";
import { oldEscpFlags } from "../../support/escp/old_escp.ts";
import type { TreeEntries } from "../../support/files/temp_tree.ts";
import { describeWithScene, type Scene, variantName, VARIANTS } from "../../support/scene.ts";

const THEN = new Date("2020-01-01T00:00:00Z");
const LATER = new Date("2021-01-01T00:00:00Z");
const file = (content: string, mtime = THEN, mode = 0o644) => ({ content, mtime, mode });
const directory = (mtime = THEN) => ({ directory: true, mtime, mode: 0o755 }) as const;

/** A source and a target with each kind of difference. */
const TREE: TreeEntries = {
  "from": directory(),
  "from/new": file("new"),
  "from/size": file("longer"),
  "from/time": file("same size"),
  "from/both": file("both"),
  "from/mode": file("mode"),
  "from/contents": file("contents"),
  "from/same": file("same"),
  "from/large": { size: 2 << 20, mtime: THEN },
  "from/large new": { size: 2 << 20, mtime: THEN },
  "from/link new": { link: "new" },
  "from/link": { link: "new" },
  "from/same link": { link: "new" },
  "from/first": file("first"),
  "from/second": { hardLink: "from/first" },
  "from/d": directory(),
  "from/d/in": file("in"),
  "from/same directory": directory(),
  "from/private directory": { directory: true, mtime: THEN, mode: 0o700 },
  "from/new directory": directory(),
  "from/new directory/in": file("in"),
  "to": directory(LATER),
  "to/size": file("short"),
  "to/time": file("same size", LATER),
  "to/both": file("longer than both", LATER),
  "to/mode": file("mode", THEN, 0o600),
  "to/contents": file("CONTENTS"),
  "to/same": file("same"),
  "to/large": { size: 2 << 20, mtime: LATER, seed: "other" },
  "to/link": { link: "other" },
  "to/same link": { link: "new" },
  "to/first": file("first"),
  "to/second": file("first"),
  "to/d": directory(LATER),
  "to/d/in": file("in"),
  "to/d/extra": file("extra"),
  "to/same directory": directory(),
  "to/private directory": directory(),
  "to/extra": directory(),
  "to/extra/in": file("in"),
};

const hasRsync = hasProgram("rsync");

function hasProgram(name: string): boolean {
  try {
    return new Deno.Command(name, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

function rsync(args: string[]): string[] {
  const { success, stdout } = new Deno.Command("rsync", { args }).outputSync();
  assertEquals(success, true);
  return linesOf(new TextDecoder().decode(stdout));
}

/** Makes the trees. The links of the source are older than those of the target. */
async function makeTree(scene: Scene): Promise<string> {
  const tree = await scene.tree(TREE);
  const links = [["2020-01-01", "from/link", "from/link new", "from/same link", "to/same link"], [
    "2021-01-01",
    "to/link",
  ]];
  for (const [date, ...paths] of links) {
    const args = ["-h", "-d", date, ...paths.map((path) => `${tree}/${path}`)];
    assertEquals(new Deno.Command("touch", { args }).outputSync().success, true);
  }
  for (const path of ["from", "to"]) await Deno.utime(`${tree}/${path}`, THEN, path === "from" ? THEN : LATER);
  return tree;
}

/** Returns the lines in any order, as if they came from a receiver. */
function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "").map((line) => line.replace(/^</, ">")).toSorted();
}

const CASES: [flags: string[], rsyncFlags: string[]][] = [
  [["-a", "-u", "--delete"], ["-aH", "--delete"]],
  [["-a", "--checksum"], ["-aHc"]],
  [["-r", "--symlinks=preserve", "--hardlinks", "-u"], ["-rltHOJ"]],
  [["-a"], ["-aHI"]],
  [["-a", "--ignore-existing"], ["-aH", "--ignore-existing"]],
  [["-a", "--existing"], ["-aHI", "--existing"]],
  [["-a", "--existing", "--ignore-existing"], ["-aH", "--existing", "--ignore-existing"]],
];

describeWithScene(
  `--itemize-changes${hasRsync ? "" : " (comparison skipped: no rsync)"}`,
  { inProcess: true },
  (scene) => {
    for (const variant of hasRsync ? VARIANTS : []) {
      for (const [flags, rsyncFlags] of CASES) {
        it(`prints what rsync prints: ${flags.join(" ")} (${variantName(variant)})`, async () => {
          for (const more of [["-n"], []]) {
            const [ours, theirs] = [await makeTree(scene), await makeTree(scene)];
            const printed = rsync([...rsyncFlags, "-i", ...more, `${theirs}/from/`, `${theirs}/to/`]);
            // With -J rsync prints "t" for a link that gets the present time.
            const expected = flags.includes("-a") ? printed : printed.map((line) => line.replace(/^cLc\.t/, "cLc.T"));
            const { code, stdout, stderr } = await scene.copy(variant, {
              flags: [...flags, "--itemize-changes", ...more],
              sources: [`${ours}/from/.`],
              target: `${ours}/to`,
            });
            assertEquals([code, stderr, linesOf(stdout)], [0, "", expected]);
          }
        });
      }
    }

    it("prints attributes of a link that is created again with the same target", async () => {
      for (const variant of VARIANTS) {
        const tree = await makeTree(scene);
        const args = ["-h", "-d", "2021-01-01", `${tree}/to/same link`];
        assertEquals(new Deno.Command("touch", { args }).outputSync().success, true);
        const copy = { sources: [`${tree}/from/.`], target: `${tree}/to` };
        const rules = ["--include=same link", "--exclude=*"];
        for (
          const [flags, expected] of [
            [["-r", "--symlinks=preserve"], []],
            [["-a"], [".L..t...... same link -> new", ".d..t...... ./"]],
            // The portable engine cannot set the time of a link.
            [["-a"], variant.engine === "native" ? [] : [".L..t...... same link -> new"]],
          ]
        ) {
          const { code, stdout } = await scene.copy(variant, {
            ...copy,
            flags: [...flags, "--itemize-changes", ...rules],
          });
          assertEquals([code, linesOf(stdout)], [0, expected]);
        }
      }
    });

    it("marks files as sent in a push, and as received otherwise", async () => {
      for (const variant of VARIANTS) {
        const tree = await scene.tree({ "from/file": "file" });
        const copy = { flags: ["-r", "--itemize-changes"], sources: [`${tree}/from`], target: `${tree}/to` };
        const { stdout } = await scene.copy(variant, copy);
        const sign = variant.direction === "push" ? "<" : ">";
        assertEquals(stdout, `cd+++++++++ from/\n${sign}f+++++++++ from/file\n`);
      }
    });

    it("prints nothing for a copy without changes", async () => {
      for (const variant of VARIANTS) {
        const tree = await scene.tree(TREE);
        const copy = { flags: ["--mirror", "--itemize-changes"], sources: [`${tree}/from`], target: `${tree}/to` };
        assertEquals((await scene.copy(variant, copy)).code, 0);
        const { code, stdout } = await scene.copy(variant, copy);
        assertEquals([code, stdout], [0, ""]);
      }
    });

    it("reports events with --json", async () => {
      for (const variant of VARIANTS) {
        const tree = await scene.tree({ "from/file": "file", "from/link": { link: "file" } });
        const flags = ["-a", "--json", "--itemize-changes"];
        const { stdout } = await scene.copy(variant, { flags, sources: [`${tree}/from/.`], target: `${tree}/to` });
        const sign = variant.direction === "push" ? "<" : ">";
        const items = parseEvents(stdout).filter(({ event }) => event === "item");
        assertEquals(items.toSorted((a, b) => `${a.path}` < `${b.path}` ? -1 : 1), [
          { event: "item", item: "cd+++++++++", path: "./" },
          { event: "item", item: `${sign}f+++++++++`, path: "file" },
          { event: "item", item: "cL+++++++++", path: "link", target: "file" },
        ]);
      }
    });

    it("prints the changes of a copy between two remote hosts", async () => {
      const tree = await scene.tree({ "from/file": "file" });
      const { code, stdout, stderr } = await runEscp([
        ...[...scene.sshd.sshOptions, "-r", "--itemize-changes"],
        ...[`testhost:${tree}/from`, `testhost2:${tree}/to`],
      ]);
      assertEquals([code, stderr, stdout], [0, "", "cd+++++++++ from/\n>f+++++++++ from/file\n"]);
    });

    it("is refused by a remote host without the feature", async () => {
      const tree = await scene.tree({ "from/file": "file" });
      const copy = {
        flags: [...await oldEscpFlags(scene), "-r", "--itemize-changes"],
        sources: [`${tree}/from`],
        target: `${tree}/to`,
      };
      const { code, stderr } = await scene.copy({ direction: "push", engine: "portable", streams: 1 }, copy);
      assertEquals(code, 1);
      assertMatch(stderr, /Cannot use --itemize-changes: escp .* does not support it/);
    });
  },
);
