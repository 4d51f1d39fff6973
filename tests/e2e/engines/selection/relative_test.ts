import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { it } from "@std/testing/bdd";
import { runEscp } from "../../../support/escp/escp_command.ts";
import { oldEscpFlags } from "../../../support/escp/old_escp.ts";
import { pathsIn } from "../../../support/files/paths_in.ts";
import type { TreeEntries } from "../../../support/files/temp_tree.ts";
import { describeWithScene, variantName, VARIANTS } from "../../../support/scene.ts";

const SOURCE: TreeEntries = {
  "x/a": { directory: true, mode: 0o750 },
  ...{ "x/a/b/one": "1", "x/a/b/two": "2", "x/a/c/large": { size: 3 << 20 }, "x/d": "3", "x/link": { link: "a/b" } },
};

describeWithScene("--relative", { inProcess: true }, (scene) => {
  for (const variant of VARIANTS) {
    const name = variantName(variant);

    it(`keeps what follows a mark in the path of a source (${name})`, async () => {
      const tree = await scene.tree(SOURCE);
      const sources = ["x/./a/b", "x/./d", "x/a/./c/large"].map((path) => `${tree}/${path}`);
      for (const target of ["new", "old"]) {
        if (target === "old") await Deno.mkdir(`${tree}/old`);
        const copy = { flags: ["-r", "-p", "--relative"], sources, target: `${tree}/${target}` };
        // Sources of several directories need an existing target.
        if (target === "new") copy.sources = sources.slice(0, 2);
        const { code, stderr } = await scene.copy(variant, copy);
        const more = target === "new" ? [] : ["c", "c/large"];
        assertEquals([code, stderr, pathsIn(copy.target)], [0, "", ["a", "a/b", "a/b/one", "a/b/two", ...more, "d"]]);
        assertEquals(Deno.statSync(`${copy.target}/a`).mode! & 0o777, 0o750);
      }
    });

    it(`keeps the whole path of an absolute source (${name})`, async () => {
      const tree = await scene.tree(SOURCE);
      const copy = { flags: ["--relative"], sources: [`${tree}/x/a/b/two`, `${tree}/x/d`], target: `${tree}/to` };
      const { code, stderr } = await scene.copy(variant, copy);
      assertEquals([code, stderr, pathsIn(`${tree}/to${tree}`)], [0, "", ["x", "x/a", "x/a/b", "x/a/b/two", "x/d"]]);
    });

    it(`sets the attributes of an existing target only if a source is the directory itself (${name})`, async () => {
      const tree = await scene.tree({ "x/a/b": "1", "to": { directory: true }, "named": { directory: true } });
      for (const [path, mode] of [["x", 0o700], ["x/a", 0o750], ["to", 0o1777], ["named", 0o755]] as const) {
        await Deno.chmod(`${tree}/${path}`, mode);
      }
      const copy = { flags: ["-a", "--relative"], sources: [`${tree}/x/./a/b`], target: `${tree}/to` };
      const changes = async () => {
        const { code, stdout, stderr } = await scene.copy(variant, {
          ...copy,
          flags: [...copy.flags, "-n", "--itemize-changes"],
        });
        assertEquals([code, stderr], [0, ""]);
        return stdout.split("\n").map((line) => line.split(" ")[1]);
      };
      assertEquals(await changes(), ["a/", "a/b", undefined]);
      // Writing changes the time of the directory, so the second copy must find it as the first has left it.
      for (const _ of [1, 2]) {
        const then = new Date("2001-01-01T00:00:00Z");
        await Deno.utime(`${tree}/x`, then, then);
        const { code, stderr } = await scene.copy(variant, copy);
        assertEquals([code, stderr], [0, ""]);
        const { mode, mtime } = Deno.statSync(copy.target);
        assertEquals([mode! & 0o7777, mtime!.getTime() === then.getTime()], [0o1777, false]);
        assertEquals(Deno.statSync(`${copy.target}/a`).mode! & 0o777, 0o750);
      }
      const named = { ...copy, sources: [`${tree}/x/./.`], target: `${tree}/named` };
      assertEquals((await scene.copy(variant, named)).code, 0);
      assertEquals(Deno.statSync(named.target).mode! & 0o777, 0o700);
    });

    it(`copies a source that a rule excludes, with rules for its contents (${name})`, async () => {
      const tree = await scene.tree({
        ...{ "p/.gitignore": "dist\n*.o\n", "p/dist/a": "a", "p/dist/b.o": "b", "p/dist/c.tmp": "c" },
        "p/dist/.gitignore": "a\n",
      });
      const flags = ["-r", "--relative", "--exclude-ignore-files", "--exclude", "dist", "--exclude", "*.tmp"];
      const copy = { flags, sources: [`${tree}/./p/dist`], target: `${tree}/to` };
      const { code, stderr } = await scene.copy(variant, copy);
      // The file above the source does not count.
      assertEquals([code, stderr, pathsIn(copy.target)], [0, "", ["p", "p/dist", "p/dist/.gitignore", "p/dist/b.o"]]);
    });

    it(`is refused if a directory would be copied into itself (${name})`, async () => {
      const tree = await scene.tree({ ...SOURCE, "x/new": { directory: true } });
      const copy = { flags: ["-a", "--relative"], sources: [`${tree}/x/./a`], target: `${tree}/x/a/b` };
      const { code, stderr } = await scene.copy(variant, copy);
      assertMatch(stderr, /Cannot copy "\." to ".*\/x\/a\/b": it would be copied into itself/);
      assertEquals([code, pathsIn(copy.target)], [1, ["one", "two"]]);
      const beside = await scene.copy(variant, { ...copy, target: `${tree}/x/new` });
      assertEquals([beside.code, beside.stderr], [0, ""]);
      assertEquals(pathsIn(`${tree}/x/new/a`), pathsIn(`${tree}/x/a`));
    });

    it(`fails for missing sources, directories without -r, and paths through links (${name})`, async () => {
      const tree = await scene.tree(SOURCE);
      const sources = ["x/./no/y", "x/./a", "x/./d", "x/./link/one", "x/./../x/d"].map((path) => `${tree}/${path}`);
      const copy = { flags: ["--relative", "--symlinks=preserve"], sources, target: `${tree}/to` };
      const { code, stderr } = await scene.copy(variant, copy);
      assertEquals([code, pathsIn(copy.target)], [1, ["d"]], stderr);
      assertMatch(stderr, /Cannot read ".*\/x\/\.\/no\/y": No such file or directory/);
      assertMatch(stderr, /Cannot read ".*\/x\/\.\/a": not a regular file/);
      assertMatch(stderr, /Cannot read ".*\/x\/link\/one": "link" is a symbolic link/);
      assertStringIncludes(stderr, "hint: Use --symlinks=follow to follow symbolic links");
      assertMatch(stderr, /Cannot keep the path of ".*\.\.\/x\/d": it contains "\.\."/);
    });
  }

  it("expands patterns on the remote host, and starts relative paths in its home directory", async () => {
    await Deno.mkdir(`${scene.sshd.home}/relative/in`, { recursive: true });
    for (const name of ["one", "two"]) await Deno.writeTextFile(`${scene.sshd.home}/relative/in/${name}`, name);
    const tree = await scene.tree();
    for (
      const [source, target, expected] of [
        ["relative/in/*", "1", ["relative", "relative/in", "relative/in/one", "relative/in/two"]],
        ["relative/./i*/t*", "2", ["in", "in/two"]],
        ["~/./relative/in/one", "3", ["relative", "relative/in", "relative/in/one"]],
      ] as const
    ) {
      const { code, stderr } = await runEscp([
        ...[...scene.sshd.sshOptions, "--relative", `testhost:${source}`, `${tree}/${target}`],
      ]);
      assertEquals([code, stderr, pathsIn(`${tree}/${target}`)], [0, "", expected]);
    }
  });

  it("applies to a copy between two remote hosts, and to a list", async () => {
    const tree = await scene.tree({ ...SOURCE, to: { directory: true } });
    await Deno.writeTextFile(`${tree}/list`, `testhost:${tree}/x/./a/b/one\ntesthost:${tree}/x/./d\n`);
    const { code, stderr } = await runEscp([
      ...[...scene.sshd.sshOptions, "--relative", "--filelist", `${tree}/list`, `testhost2:${tree}/to`],
    ]);
    assertEquals([code, stderr, pathsIn(`${tree}/to`)], [0, "", ["a", "a/b", "a/b/one", "d"]]);
  });

  it("is refused by a remote end that does not know it, for a pull", async () => {
    const tree = await scene.tree(SOURCE);
    const copy = {
      flags: [...await oldEscpFlags(scene), "--relative"],
      sources: [`${tree}/x/./d`],
      target: `${tree}/to`,
    };
    const pull = await scene.copy({ ...VARIANTS[0], direction: "pull" }, copy);
    assertMatch(pull.stderr, /^escp: Cannot use --relative: escp \S+ on testhost does not support it$/m);
    const push = await scene.copy({ ...VARIANTS[0], direction: "push" }, copy);
    assertEquals([pull.code, push.code, pathsIn(copy.target)], [1, 0, ["d"]], push.stderr);
  });

  it("is refused with standard input, other lists and targets of single sources", async () => {
    const tree = await scene.tree({ "list.yaml": "- [a, b]\n" });
    for (
      const [words, problem] of [
        [["-", "x"], '"-" as a source or target together with "--relative"'],
        [["--files-from=l", "a", "b"], 'Options "--files-from" and "--relative" exclude each other'],
        [["--filelist", `${tree}/list.yaml`, tree], 'Cannot use "--relative" with a list that has targets'],
      ] as const
    ) {
      const { code, stderr } = await runEscp(["--relative", ...words]);
      assertStringIncludes(stderr, problem);
      assertEquals(code, 2);
    }
  });
});
