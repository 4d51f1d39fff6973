import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { it } from "@std/testing/bdd";
import { listNames } from "../../../support/files/list_names.ts";
import { remoteConfig, systemConfigProblem, writeEscpWithSystemConfig } from "../../../support/escp/remote_settings.ts";
import { describeWithScene, ENGINES, type Variant } from "../../../support/scene.ts";

describeWithScene("a host that confines its sessions", (scene) => {
  const variants = (direction: "push" | "pull") =>
    ENGINES.map((engine): Variant => ({ direction, engine, streams: 1 }));

  /** Makes a remote tree with files inside of the root and files that sessions must not reach. */
  function bothSides(): Promise<string> {
    return scene.tree({
      "in/file": "inside",
      "in/sub/file": "deep inside",
      "in/to-sub": { link: "sub" },
      "in/to-secret": { link: "../out/secret" },
      "in/to-out": { link: "../out" },
      "in/to-nothing": { link: "../out/nothing" },
      "in/large": { size: 2 << 20 },
      "in/to-large": { link: "../out/large" },
      "out/secret": "outside",
      "out/large": { size: 2 << 20 },
      "inside-by-name-only/secret": "outside",
    });
  }

  it("accepts targets in its directory", async () => {
    for (const variant of variants("push")) {
      const remote = await bothSides();
      await using _ = await remoteConfig(scene, `root: ${remote}/in\n`);
      const tree = await scene.tree({ "one": "1", "many/two": "2", "many/sub/three": "3" });
      const targets = [
        `${remote}/in/new`,
        "relative",
        "~/tilde",
        `${remote}/in/sub/../up`,
        `${remote}/in/to-sub/linked`,
      ];
      for (const target of targets) {
        const { code, stderr } = await scene.copy(variant, { sources: [`${tree}/one`], target });
        assertEquals({ code, stderr }, { code: 0, stderr: "" }, target);
      }
      // The home directory is outside, so the root replaces it.
      for (const name of ["new", "relative", "tilde", "up", "sub/linked"]) {
        assertEquals(await Deno.readTextFile(`${remote}/in/${name}`), "1", name);
      }
      const { code, stderr } = await scene.copy(variant, { flags: ["-r"], sources: [`${tree}/many`], target: "" });
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assertEquals(await Deno.readTextFile(`${remote}/in/many/sub/three`), "3");
    }
  });

  it("refuses targets outside of its directory", async () => {
    const all = variants("push");
    for (const [turn, variant] of all.entries()) {
      const remote = await bothSides();
      await using _ = await remoteConfig(scene, `root: ${remote}/in\n`);
      const tree = await scene.tree({ "one": "1", "many/two": "2" });
      const targets = [
        `${remote}/out/new`,
        `${remote}/out`,
        `${remote}/out/secret`,
        `${remote}/inside-by-name-only/new`,
        `${remote}`,
        "..",
        "../out/new",
        `${remote}/in/../out/new`,
        `${remote}/in/sub/../../out/new`,
        `${remote}/in/none/../../out/new`,
        `${remote}/in/to-out/new`,
        `${remote}/in/to-out`,
        `${remote}/in/to-secret`,
        "~/../out/new",
        "~root/new",
        "/tmp",
        "/",
      ];
      for (const [index, target] of targets.entries()) {
        // Engines alternate, and files with directories.
        if (index % all.length !== turn) continue;
        const source = index % 3 === 0 ? "many" : "one";
        const { code, stderr } = await scene.copy(variant, { flags: ["-r"], sources: [`${tree}/${source}`], target });
        assertEquals(code, 1, `${target} ${stderr}`);
        assert(/allows only paths in|No such file/.test(stderr), stderr);
      }
      assertEquals(listNames(`${remote}/out`), ["large", "secret"]);
      assertEquals(listNames(remote).length, 3);
      assertEquals(await Deno.readTextFile(`${remote}/out/secret`), "outside");
      // A dangling link is written through only inside of the directory.
      const { code, stderr } = await scene.copy(variant, {
        sources: [`${tree}/one`],
        target: `${remote}/in/to-nothing`,
      });
      assertEquals(code, 1);
      assertStringIncludes(stderr, "that host allows only paths in");
      assertEquals(listNames(`${remote}/out`).length, 2);
      await Deno.symlink("sub/written", `${remote}/in/dangling`);
      assertEquals((await scene.copy(variant, { sources: [`${tree}/one`], target: "dangling" })).code, 0);
      assertEquals(await Deno.readTextFile(`${remote}/in/sub/written`), "1");
    }
  });

  it("sends only files in its directory", async () => {
    for (const variant of variants("pull")) {
      const remote = await bothSides();
      await using _ = await remoteConfig(scene, `root: ${remote}/in\n`);
      const target = await scene.tree();
      for (const source of ["file", "~/file", `${remote}/in/to-sub/file`, `${remote}/in/s*/file`, "large"]) {
        const { code, stderr } = await scene.copy(variant, { sources: [source], target });
        assertEquals({ code, stderr }, { code: 0, stderr: "" }, source);
      }
      const sources = [
        `${remote}/out/secret`,
        `${remote}/out/large`,
        "../out/secret",
        `${remote}/in/../out/secret`,
        "to-secret",
        "to-large",
        "to-out/secret",
        "to-out",
        `${remote}/inside-by-name-only`,
        `${remote}/in/../o*/secret`,
        `${remote}/o*/secret`,
        "../*",
        "/etc/host*",
        "~root",
        "/",
        "..",
      ];
      // Only ten failures with one reason are printed.
      for (const some of [sources.slice(0, 8), sources.slice(8)]) {
        const { code, stderr } = await scene.copy(variant, { flags: ["-r"], sources: some, target });
        assertEquals(code, 1);
        for (const source of some) {
          assertStringIncludes(stderr, `Cannot read "${source}": that host allows only paths in`);
        }
      }
      // A pattern matches nothing outside, so it is the name of a missing file.
      const hidden = await scene.copy(variant, { flags: ["-r"], sources: ["to-o*/*"], target: `${target}/new` });
      assertStringIncludes(hidden.stderr, 'Cannot read "to-o*/*": No such file or directory');
      assertEquals(listNames(target), ["file", "large"]);
    }
  });

  it("follows only links inside of its directory", async () => {
    for (const variant of variants("pull")) {
      const remote = await bothSides();
      await using _ = await remoteConfig(scene, `root: ${remote}/in\n`);
      const target = await scene.tree();
      const { code, stderr } = await scene.copy(variant, { flags: ["-r"], sources: ["."], target: `${target}/new` });
      assertEquals(code, 1);
      for (const name of ["to-secret", "to-out", "to-large"]) {
        assertStringIncludes(stderr, `${name}": that host allows only paths in`);
      }
      assertEquals(await Deno.readTextFile(`${target}/new/to-sub/file`), "deep inside");
      const names = listNames(`${target}/new`);
      // After a failure the directory keeps its mark as unfinished and a completion log.
      assertEquals(names.filter((name) => !name.startsWith(".escp-")), ["file", "large", "sub", "to-sub"]);
    }
  });

  it("reports a missing directory", async () => {
    await using config = await remoteConfig(scene, "root: /nowhere/at all\n");
    const tree = await scene.tree({ "one": "1" });
    const { code, stderr } = await scene.copy(variants("push")[0], { sources: [`${tree}/one`], target: "x" });
    assertEquals(code, 1);
    assertStringIncludes(stderr, 'Cannot confine the session to "/nowhere/at all"');
    assertEquals(config.path.startsWith(scene.sshd.home), true);
  });

  it("may allow one direction", async () => {
    const tree = await scene.tree({ "one": "1" });
    for (
      const [allow, allowed] of [["push", ["push"]], ["[pull]", ["pull"]], ["[push, pull]", ["push", "pull"]], [
        "[]",
        [],
      ]]
    ) {
      await using _ = await remoteConfig(scene, `allow: ${allow}\n`);
      for (const direction of ["push", "pull"] as const) {
        const copy = { sources: [`${tree}/one`], target: `${tree}/${crypto.randomUUID()}` };
        const { code, stderr } = await scene.copy(variants(direction)[0], copy);
        assertEquals(code, allowed.includes(direction) ? 0 : 1, `${allow} ${stderr}`);
        if (code === 1) {
          assertStringIncludes(stderr, `does not allow copies ${direction === "push" ? "to" : "from"} it`);
        }
      }
    }
  });

  it("does not allow clients to select a log file", async () => {
    const tree = await scene.tree({ "one": "1", "in": { directory: true } });
    for (const text of [`root: ${tree}/in`, "allow: pull"]) {
      await using _ = await remoteConfig(scene, text);
      const { code, stderr } = await scene.copy(variants("pull")[0], {
        flags: ["--remote-log", `${tree}/log`],
        sources: ["x"],
        target: tree,
      });
      assertEquals(code, 1);
      assertStringIncludes(stderr, "does not allow clients to choose a log file");
    }
    assertEquals(listNames(tree).length, 2);
  });

  const ignore = systemConfigProblem !== undefined;
  const why = ignore ? ` (skipped: ${systemConfigProblem})` : "";
  it(`is not overridden by the configuration of its user${why}`, { ignore }, async () => {
    const tree = await scene.tree({ "one": "1", "in": { directory: true }, "bin": { directory: true } });
    const inner = `${scene.sshd.binDirectory}/${ENGINES[0]}/escp`;
    const escp = await writeEscpWithSystemConfig(`${tree}/bin`, inner, `root: ${tree}/in\nallow: push\n`);
    await using _ = await remoteConfig(scene, "root: /\nallow: [push, pull]\n");
    const copy = (target: string) =>
      scene.copy(variants("push")[0], { flags: ["-D", escp], sources: [`${tree}/one`], target });
    assertStringIncludes((await copy(`${tree}/two`)).stderr, `allows only paths in "${tree}/in"`);
    assertEquals((await copy("two")).code, 0);
    assertEquals(await Deno.readTextFile(`${tree}/in/two`), "1");
    const pull = await scene.copy(variants("pull")[0], {
      flags: ["-D", escp],
      sources: ["two"],
      target: `${tree}/two`,
    });
    assertStringIncludes(pull.stderr, "does not allow copies from it");
  });
});
