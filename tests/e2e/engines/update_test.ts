import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { it } from "@std/testing/bdd";
import { compareTrees } from "../../support/files/compare_trees.ts";
import { type EscpResult, runEscp } from "../../support/escp/escp_command.ts";
import { lastEvent, parseEvents } from "../../support/escp/json_events.ts";
import { listNames } from "../../support/files/list_names.ts";
import { describeWithScene, ENGINES, type Variant, variantName, VARIANTS } from "../../support/scene.ts";

const OLD = new Date("2001-02-03T04:05:06.789Z");
const OLDER = new Date("2000-01-01T00:00:00Z");
const LARGE = 9 << 20;

/** Returns the fields of the last event that concern updates. */
function end({ code, stdout, stderr }: EscpResult) {
  const last = lastEvent(stdout);
  return { code, stderr, files: last.files, skipped: last.skipped };
}
const sent = (files: number, skipped: number) => ({ code: 0, stderr: "", files, skipped });

/** Returns the lines of a dry run in alphabetical order. */
const listed = ({ stdout }: EscpResult) => stdout.trimEnd().split("\n").map((line) => line.replace(/ +/, " ")).sort();

describeWithScene("an update", { inProcess: true }, (scene) => {
  const update = async (variant: Variant, from: string, to: string, ...flags: string[]) =>
    await scene.copy(variant, { flags: ["-r", "--json", ...flags], sources: [`${from}/.`], target: to });

  for (const variant of VARIANTS) {
    it(`sends only files that are new, touched, grown or missing (${variantName(variant)})`, async () => {
      const from = await scene.tree({
        ...{ "small": "s", "touched": "t", "grown": "g", "gone": "x", "in/empty": "" },
        ...{ "in/large": { size: LARGE, seed: 1 }, "in/large too": { size: LARGE, seed: 2 } },
      });
      const to = await scene.tree();
      assertEquals(end(await update(variant, from, to, "-u")), sent(7, 0));
      assertEquals(await compareTrees(from, to, { mtimes: undefined }), []);
      assertEquals(end(await update(variant, from, to, "-u")), sent(0, 7));
      await Deno.utime(`${from}/touched`, OLD, OLD);
      await Deno.utime(`${from}/in/large too`, OLD, OLD);
      await Deno.writeTextFile(`${from}/grown`, "g", { append: true });
      await Deno.writeTextFile(`${from}/new`, "n");
      await Deno.remove(`${to}/gone`);
      assertEquals(end(await update(variant, from, to, "-u")), sent(5, 3));
      assertEquals(await compareTrees(from, to), []);
      assertEquals(end(await update(variant, from, to, "-u")), sent(0, 8));
    });

    it(`compares size and time, or contents with --checksum (${variantName(variant)})`, async () => {
      const old = { mtime: OLD };
      const from = await scene.tree({
        ...{ "same": { content: "abc", ...old }, "other": { content: "abc", ...old } },
        ...{ "large": { size: LARGE, seed: 1, ...old }, "large other": { size: LARGE, seed: 1, ...old } },
        ...{ "times": { content: "x", ...old }, "large times": { size: LARGE, seed: 3, ...old } },
      });
      const to = await scene.tree({
        ...{ "same": { content: "abc", ...old }, "other": { content: "xyz", ...old } },
        ...{ "large": { size: LARGE, seed: 1, ...old }, "large other": { size: LARGE, seed: 2, ...old } },
        ...{ "times": { content: "x", mtime: OLDER }, "large times": { size: LARGE, seed: 3, mtime: OLDER } },
      });
      assertEquals(end(await update(variant, from, to, "-u", "--exclude=*times")), sent(0, 4));
      assertEquals(await Deno.readTextFile(`${to}/other`), "xyz");
      assertEquals(end(await update(variant, from, to, "--checksum")), sent(2, 4));
      assertEquals(await compareTrees(from, to), []);
      // Files with equal contents have got the time of the source.
      assertEquals(end(await update(variant, from, to, "-u")), sent(0, 6));
    });

    it(`with -p updates modes, times and directories without sending contents (${variantName(variant)})`, async () => {
      const mode = 0o750;
      const from = await scene.tree({
        ...{ "in/small": { content: "abc", mode, mtime: OLD }, "in/large": { size: LARGE, seed: 1, mode, mtime: OLD } },
        "in": { directory: true, mode, mtime: OLD },
      });
      const to = await scene.tree({ "in/small": "abc", "in/large": { size: LARGE, seed: 1 } });
      assertEquals(end(await update(variant, from, to, "-p", "--checksum")), sent(0, 2));
      assertEquals(await compareTrees(`${from}/in`, `${to}/in`, { modes: true, mtimes: "ms" }), []);
      await Deno.chmod(`${to}/in/small`, 0o600);
      assertEquals(end(await update(variant, from, to, "-p", "-u")), sent(0, 2));
      assertEquals(await compareTrees(`${from}/in`, `${to}/in`, { modes: true, mtimes: "ms" }), []);
    });

    it(`compares links by their targets (${variantName(variant)})`, async () => {
      const from = await scene.tree({
        ...{ "file": "1", "in/hard": { hardLink: "file" }, "hard too": { hardLink: "file" } },
        ...{ "link": { link: "file" }, "other": { link: "new" } },
      });
      const to = await scene.tree({ other: { link: "old" } });
      assertEquals(end(await update(variant, from, to, "-a", "-u")), sent(5, 0));
      assertEquals(end(await update(variant, from, to, "-a", "-u")), sent(0, 5));
      await Deno.remove(`${to}/hard too`);
      await Deno.writeTextFile(`${to}/hard too`, "1");
      assertEquals(end(await update(variant, from, to, "-a", "-u")).files, 1);
      assertEquals(await compareTrees(from, to), []);
      assertEquals(Deno.statSync(`${to}/hard too`).ino, Deno.statSync(`${to}/file`).ino);
    });

    it(`reports obstacles at the target and continues (${variantName(variant)})`, async () => {
      const from = await scene.tree({ "file": "1", "in/below": "2", "good": "3", "planted/x": "4" });
      const outside = await scene.tree({ x: "outside" });
      const to = await scene.tree({ "file/is/a/directory": "", "in": "a file", "planted": { link: outside } });
      const { code, stderr } = await update(variant, from, to, "-u");
      assertEquals(code, 1);
      assertStringIncludes(stderr, `Cannot write "${to}/file": Is a directory`);
      assertStringIncludes(stderr, `Cannot create "${to}/in": Not a directory`);
      assertStringIncludes(stderr, `Cannot create "${to}/planted": it is a symbolic link`);
      assertEquals(await Deno.readTextFile(`${to}/good`), "3");
      assertEquals(await Deno.readTextFile(`${outside}/x`), "outside");
    });

    it(`changes nothing in a dry run and lists the changes (${variantName(variant)})`, async () => {
      const from = await scene.tree({
        ...{ "same": { content: "1", mtime: OLD }, "newer": "22", "in/new\n": "333", "in/large": { size: LARGE } },
        ...{ "there/x": "4", "hollow": { directory: true } },
      });
      const to = await scene.tree({ "same": { content: "1", mtime: OLD }, "newer": "2", "there/y": "" });
      const [source, target] = [snapshot(from), snapshot(to)];
      const run = (target: string, ...flags: string[]) =>
        scene.copy(variant, { flags: ["-r", "-n", ...flags], sources: [`${from}/.`], target });
      const expected = ["create hollow/", "create in/", "replace newer", "send in/large", "send in/new\\n"];
      const all = await run(to);
      assertEquals(listed(all), [...expected.slice(0, 3), "replace same", ...expected.slice(3), "send there/x"]);
      for (const flag of ["-u", "--checksum"]) {
        assertEquals(listed(await run(to, "-p", flag)), [...expected, "send there/x", "skip same"].sort());
      }
      const { stdout } = await run(`${to}/missing`, "-u", "--json");
      const lines = parseEvents(stdout);
      const planned = lines.filter(({ event }) => event === "planned");
      assertEquals(planned.filter(({ action }) => action === "create").length, 4);
      assertEquals(planned.filter(({ action }) => action === "send").length, 5);
      const { files, bytes, skipped, dryRun } = lines.at(-1);
      assertEquals({ files, bytes, skipped, dryRun }, { files: 5, bytes: LARGE + 7, skipped: 0, dryRun: true });
      assertEquals([snapshot(from), snapshot(to)], [source, target]);
    });
  }

  for (const engine of ENGINES) {
    it(`works between two remote hosts (${engine})`, async () => {
      const from = await scene.tree({ "a": "1", "large": { size: LARGE }, "in/b": "2" });
      const to = await scene.tree();
      const target = `testhost2:${to}/new`;
      const run = (...flags: string[]) =>
        runEscp([...scene.sshd.sshOptions, "-r", "--engine", engine, ...flags, `testhost:${from}`, target]);
      const dry = await run("-n");
      assertMatch(
        listed(dry).join("\n"),
        /^create \d+\/\ncreate \d+\/in\/\nsend \d+\/a\nsend \d+\/in\/b\nsend \d+\/large$/,
      );
      assertEquals(listNames(to), []);
      assertEquals(end(await run("-u", "--json")), sent(3, 0));
      assertEquals(await compareTrees(from, `${to}/new`), []);
      await Deno.utime(`${from}/large`, OLD, OLD);
      // The target exists now, so only the contents of the source are comparable to it.
      const again = (...flags: string[]) =>
        runEscp([
          ...[...scene.sshd.sshOptions, "-r", "--engine", engine, "--json", ...flags],
          ...[`testhost:${from}/.`, target],
        ]);
      assertEquals(end(await again("--checksum")), sent(0, 3));
      assertEquals(end(await again("-u")), sent(0, 3));
    });
  }
});

/** Returns all attributes that a change would affect, including the ctime. */
function snapshot(path: string): string[] {
  const format = "%P|%y|%m|%s|%T@|%C@|%i|%l\\0";
  const { stdout } = new Deno.Command("find", { args: [path, "-printf", format] }).outputSync();
  return new TextDecoder().decode(stdout).split("\0").sort();
}
