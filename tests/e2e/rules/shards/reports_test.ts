import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { it } from "@std/testing/bdd";
import { alteredEscp } from "../../../support/escp/escp_command.ts";
import { SHARDED_TREE, Shards } from "../../../support/escp/shards.ts";
import { compareTrees } from "../../../support/files/compare_trees.ts";
import { listNames } from "../../../support/files/list_names.ts";
import { describeWithScene, type Variant, VARIANTS } from "../../../support/scene.ts";
import { writeWrapper } from "../../../support/shell_script.ts";

const MIB = 1 << 20;

describeWithScene("a copy by shards with reports", { inProcess: true }, (scene) => {
  const shardsOf = (variant: Variant, entries = SHARDED_TREE) => Shards.of(scene, variant, entries);
  const [variant] = VARIANTS;
  const LOCAL: Variant = { ...variant, direction: "local" };

  it("is finished only if all shards have succeeded, and changes nothing before", async () => {
    const shards = await shardsOf(variant);
    await shards.run("0/3");
    await shards.run("2/3");
    const { code, stderr } = await shards.run("finish/3");
    assertEquals(code, 1);
    assertStringIncludes(
      stderr,
      "Cannot finish the copy: 1 of 3 shards are not complete (shard 1: there is no report)",
    );
    assertStringIncludes(stderr, "Run these shards again, then finish/3: 1");
    assertEquals(Deno.statSync(shards.to).mode! & 0o777, 0o700);
    await shards.run("1/3");
    assertEquals((await shards.run("finish/3")).code, 0);
  });

  it("is not finished again by reports of shards that did not start", async () => {
    const shards = await shardsOf(variant);
    await shards.runAll(2);
    await Deno.writeTextFile(`${shards.from}/d0/in/f0`, "other contents");
    await Deno.writeTextFile(`${shards.to}/d0/extra`, "x");
    const { code, stderr } = await shards.run("finish/2", ["-a", "--delete"]);
    assertEquals(code, 1);
    assertMatch(stderr, /Cannot finish the copy again: it was finished at 20\S+Z$/m);
    assertEquals(listNames(`${shards.to}/d0`), ["extra", "in"]);
    const end = await shards.runAll(2, ["-a", "-u"]);
    assertEquals(end.files, 1);
  });

  it("is finished by a second run if the first one failed", async () => {
    const shards = await shardsOf(variant, { "a/b": "b" });
    await shards.run("0/1");
    await Deno.writeTextFile(`${shards.from}/c`, "c");
    assertEquals((await shards.run("finish/1")).code, 1);
    await Deno.remove(`${shards.from}/c`);
    assertEquals((await shards.run("finish/1")).code, 0);
  });

  it("is checked by a dry run of finish, which writes nothing", async () => {
    const shards = await shardsOf(variant);
    await shards.run("0/2");
    const missing = await shards.run("finish/2", ["-a", "-n"]);
    assertEquals([missing.code, missing.stderr.includes("(shard 1: there is no report)")], [1, true], missing.stderr);
    await shards.run("1/2");
    const names = listNames(shards.reports);
    assertEquals((await shards.run("finish/2", ["-a", "-n"])).code, 0);
    assertEquals(listNames(shards.reports), names);
    assertEquals(Deno.statSync(shards.to).mode! & 0o777, 0o700);
    assertEquals((await shards.run("finish/2")).code, 0);
  });

  it("compares real paths of this machine, and the paths in lists", async () => {
    const shards = await shardsOf(variant);
    const above = await scene.tree({ "link": { link: shards.from }, "other/f": "x" });
    const copy = (shard: string, from: string, ...flags: string[]) =>
      scene.copy(variant, {
        flags: ["-a", `--shard=${shard}`, "--shard-report", shards.reports, ...flags],
        sources: [from],
        target: shards.to,
      });
    if (variant.direction !== "pull") {
      await copy("0/2", shards.from);
      assertEquals((await copy("1/2", `${above}/link/.`)).code, 0);
      assertEquals((await copy("finish/2", shards.from)).code, 0);
      await copy("0/2", shards.from);
      await copy("1/2", `${above}/other`);
      assertStringIncludes((await copy("finish/2", shards.from)).stderr, "something else (source differ");
    }
    const list = `${above}/list`;
    const from = `--files-from=${list}`;
    await Deno.writeTextFile(list, "d0/in/f0\nd1\n");
    await copy("0/2", shards.from, from);
    await Deno.writeTextFile(list, "d0/in/f0\nd2\n");
    await copy("1/2", shards.from, from);
    assertStringIncludes(
      (await copy("finish/2", shards.from, from)).stderr,
      "shard 0: it has copied something else (listed",
    );
  });

  it("is not finished by the report of an earlier run of a shard that fails early", async () => {
    const shards = await shardsOf(variant, { a: "a", b: "b" });
    const list = `${await scene.tree({ list: "a\n" })}/list`;
    const flags = ["-a", "--files-from", list];
    assertEquals((await shards.run("0/1", flags)).code, 0);
    await Deno.rename(list, `${list}.away`);
    assertEquals((await shards.run("0/1", flags)).code, 2);
    await Deno.rename(`${list}.away`, list);
    assertMatch((await shards.run("finish/1", flags)).stderr, /shard 0: it failed: .*list/);
  });

  it("refuses reports in a source or target of this machine", async () => {
    const shards = await shardsOf(LOCAL, { "reports/f": "x" });
    await Deno.symlink(`${shards.from}/reports`, shards.reports);
    const inSource = await shards.run("0/1");
    assertEquals(inSource.code, 1);
    assertStringIncludes(inSource.stderr, "it is in the source of the copy");
    await Deno.remove(shards.reports);
    await Deno.symlink(`${shards.to}/reports`, shards.reports);
    await Deno.mkdir(`${shards.to}/reports`, { recursive: true });
    for (const shard of ["0/1", "finish/1"]) {
      assertStringIncludes((await shards.run(shard)).stderr, "it is in the target of the copy");
    }
  });

  it("fails in each shard that cannot examine an entry, and runs again in these shards alone", async () => {
    const outside = await scene.tree({ "real/f": "x" });
    const links = Object.fromEntries(
      Array.from({ length: 6 }, (_, index) => [`l${index}`, { link: `${outside}/real` }]),
    );
    const shards = await shardsOf(variant, links);
    await Deno.rename(`${outside}/real`, `${outside}/away`);
    assertEquals((await shards.run("0/2", ["-r"])).code, 1);
    await Deno.rename(`${outside}/away`, `${outside}/real`);
    assertEquals((await shards.run("1/2", ["-r"])).code, 0);
    const { code, stderr } = await shards.run("finish/2", ["-r"]);
    assertEquals([code, stderr.includes("(shard 0: 6 paths failed)")], [1, true], stderr);
    assertEquals((await shards.run("0/2", ["-r"])).code, 0);
    assertEquals((await shards.run("finish/2", ["-r"])).code, 0);
    for (const name of Object.keys(links)) assertEquals(Deno.statSync(`${shards.to}/${name}/f`).isFile, true, name);
  });

  it("is refused if a shard saw another source, and names that shard", async () => {
    for (const variant of VARIANTS) {
      const shards = await shardsOf(variant);
      await shards.run("0/3");
      await shards.run("1/3");
      await Deno.rename(shards.from, `${shards.from}.away`);
      await Deno.mkdir(shards.from);
      assertEquals((await shards.run("2/3")).code, 0);
      const { code, stderr } = await shards.run("finish/3", ["-a", "--delete"]);
      assertEquals(code, 1);
      assertStringIncludes(stderr, "(shard 2: it saw another source: 0 names in 1 directory instead of 42 names in");
      await Deno.remove(shards.from);
      await Deno.rename(`${shards.from}.away`, shards.from);
      assertEquals((await shards.run("2/3")).code, 0);
      assertEquals((await shards.run("finish/3")).code, 0);
      assertEquals(await compareTrees(shards.from, shards.to, { modes: true, mtimes: "s" }), []);
    }
  });

  it("is not finished, and nothing is deleted, by a run that sees another source", async () => {
    for (const variant of VARIANTS) {
      const shards = await shardsOf(variant, { a: "a", b: "b", "d/c": "c" });
      await shards.run("0/1");
      await Deno.remove(`${shards.from}/a`);
      await Deno.writeTextFile(`${shards.from}/e`, "e");
      const { code, stderr } = await shards.run("finish/1", ["-a", "--delete"]);
      assertEquals(code, 1);
      assertStringIncludes(stderr, "Cannot finish the copy: this run saw another source: other names");
      assertEquals(listNames(shards.to), ["a", "b", "d"]);
    }
  });

  it("deletes nothing if the run that finishes cannot examine an entry", async () => {
    const outside = await scene.tree({ "real": "x" });
    const shards = await shardsOf(variant, { "link": { link: `${outside}/real` } });
    assertEquals((await shards.run("0/1", ["-r"])).code, 0);
    await Deno.rename(`${outside}/real`, `${outside}/away`);
    assertEquals((await shards.run("finish/1", ["-r", "--delete-excluded"])).code, 1);
    assertEquals(listNames(shards.to), ["link"]);
  });

  it("refuses shards with other options, and reports of an earlier copy", async () => {
    const shards = await shardsOf(variant);
    await shards.run("0/2", ["-a"]);
    await shards.run("1/2", ["-a", "--exclude=large"]);
    const mixed = await shards.run("finish/2");
    assertStringIncludes(mixed.stderr, "shard 1: it has copied something else (filters differ)");
    await shards.runAll(2);
    await shards.run("0/2");
    const stale = await shards.run("finish/2");
    assertEquals(stale.code, 1);
    assertStringIncludes(stale.stderr, "(shard 1: its report is of a copy that was finished before)");
  });

  it("refuses reports that others may have written", async () => {
    const shards = await shardsOf(variant);
    await shards.run("0/1");
    const report = `${shards.reports}/shard-0-of-1.json`;
    assertEquals(Deno.statSync(report).mode! & 0o777, 0o600);
    await Deno.rename(report, `${shards.reports}/other`);
    await Deno.symlink("other", report);
    assertMatch((await shards.run("finish/1")).stderr, /shard 0: its report cannot be used/);
    await Deno.remove(report);
    await Deno.writeTextFile(report, "{}");
    assertMatch((await shards.run("finish/1")).stderr, /shard 0: its report has another format/);
    await Deno.chmod(shards.reports, 0o777);
    assertMatch((await shards.run("finish/1")).stderr, /other users can write to it/);
    assertMatch((await shards.run("0/1")).stderr, /other users can write to it/);
  });

  it("reports a shard whose copy cannot begin", async () => {
    const shards = await shardsOf(variant);
    await Deno.writeTextFile(shards.to, "a file");
    assertEquals((await shards.run("0/1")).code, 1);
    assertMatch((await shards.run("finish/1")).stderr, /shard 0: it failed: /);
  });

  it("is refused by an older escp", async () => {
    const shards = await shardsOf(variant);
    const old = await writeWrapper(`${await scene.tree()}/escp`, alteredEscp("without_features.ts"));
    const { code, stderr } = await scene.copy({ ...variant, direction: "push" }, {
      flags: ["-r", "-D", old, "--shard=0/2", "--shard-report", shards.reports],
      sources: [shards.from],
      target: shards.to,
    });
    assertMatch(stderr, /^escp: Cannot use --(shard|no-target-directory): escp \S+ on testhost does not support it$/m);
    assertEquals(code, 1);
  });
});

describeWithScene("a copy by shards that split files", { inProcess: true }, (scene) => {
  const [variant] = VARIANTS;
  const SPLIT = ["-a", "--shard-split=1M"];

  it("fails if a shard or finish lacks a split file", async () => {
    const shards = await Shards.of(scene, variant, { a: "a" });
    await shards.run("0/2", SPLIT);
    await shards.run("1/2", SPLIT);
    await Deno.writeFile(`${shards.from}/large`, new Uint8Array(3 * MIB));
    assertStringIncludes((await shards.run("finish/2", SPLIT)).stderr, "no shard has sent a range of it");
    await shards.run("0/2", SPLIT);
    await shards.run("1/2", SPLIT);
    await Deno.remove(`${shards.from}/large`);
    const { code, stderr } = await shards.run("finish/2", SPLIT);
    assertEquals(code, 1);
    assertStringIncludes(stderr, 'Cannot finish "large": the source has no such large file any more');
  });

  it("requires the same size of ranges in all shards", async () => {
    const shards = await Shards.of(scene, variant, { large: { size: 3 * MIB } });
    await shards.run("0/2", SPLIT);
    await shards.run("1/2", ["-a", "--shard-split=2M"]);
    assertStringIncludes((await shards.run("finish/2", SPLIT)).stderr, "shard 1: it has copied something else (split");
  });
});
