import { assertEquals, assertStringIncludes } from "@std/assert";
import { beforeAll, it } from "@std/testing/bdd";
import { compareTrees } from "../../support/files/compare_trees.ts";
import { escpCommand, runEscp } from "../../support/escp/escp_command.ts";
import { listNames } from "../../support/files/list_names.ts";
import { describeWithScene, ENGINES, variantName, VARIANTS } from "../../support/scene.ts";
import { addHostsToRemote } from "../../support/hosts/sshd.ts";

const SOURCES = {
  "plain": "plain",
  "[ab]*": "literal",
  "a": "not meant",
  "~tilde": "tilde",
  "new\nline": "two lines",
  "directory/deep": "deep",
  "large": { size: 3 << 20, seed: 5 },
};

describeWithScene("a list of files", { inProcess: true }, (scene) => {
  beforeAll(async () => {
    await addHostsToRemote(scene.sshd);
  });

  it("reports each of 100,000 missing sources with long paths", async () => {
    const tree = await scene.tree({ "there": "there", "to": { directory: true } });
    const directory = `${tree}/${Array(3).fill("long".repeat(50)).join("/")}`;
    const names = Array.from({ length: 100_000 }, (_, index) => `testhost:${directory}/${index}`);
    // Only the last event is needed.
    const command = ["sh", "-c", '"$@" 2>/dev/null | tail -n 1', "sh", ...escpCommand()];
    const { stdout } = await scene.copy({ direction: "pull", engine: ENGINES[0], streams: 1 }, {
      flags: ["--json", "--filelist", "-"],
      sources: [`${tree}/there`],
      target: `${tree}/to`,
      stdin: names.join("\n"),
      command,
      timeoutMs: 120_000,
    });
    const { status, failed, files } = JSON.parse(stdout);
    assertEquals({ status, failed, files }, { status: "failed", failed: 100_000, files: 1 });
  });

  for (const variant of VARIANTS) {
    const from = (path: string) => variant.direction === "pull" ? `testhost:${path}` : path;
    it(`contains literal names of sources (${variantName(variant)})`, async () => {
      const tree = await scene.tree(SOURCES);
      const to = await scene.tree();
      const names = ["[ab]*", "new\nline", "directory", "large", "[ab]*"].map((name) => from(`${tree}/${name}`));
      const { code, stderr } = await scene.copy(variant, {
        flags: ["-r", "-0", "--filelist", "-"],
        sources: [`${tree}/plain`],
        target: to,
        stdin: names.join("\0"),
      });
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      const { "a": _, "~tilde": __, ...expected } = SOURCES;
      assertEquals(await compareTrees(to, await scene.tree(expected)), []);
    });

    it(`of pairs has a target for each source (${variantName(variant)})`, async () => {
      const tree = await scene.tree({
        ...SOURCES,
        "list.yaml": [
          `- [${from("SRC/plain")}, one]`,
          `- ["${from("SRC/[ab]*")}", two]`,
          `- [${from("SRC/large")}, ABS/sub/]`,
          `- [${from("SRC/directory")}, three]`,
          `- ${from("SRC/a")}`,
        ].join("\n"),
      });
      const to = await scene.tree({ "sub/x": "x" });
      const list = `${tree}/list.yaml`;
      const text = await Deno.readTextFile(list);
      await Deno.writeTextFile(list, text.replaceAll("SRC", tree).replaceAll("ABS", to));
      const flags = ["-r", "--filelist", list];
      const { code, stderr } = await scene.copy(variant, { flags, sources: [], target: to });
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      const { plain, a, large } = SOURCES;
      const made = { one: plain, two: "literal", "three/deep": "deep", a, "sub/x": "x", "sub/large": large };
      assertEquals(await compareTrees(to, await scene.tree(made)), []);
    });

    it(`copies nothing if two entries have the same name or the target is not a directory (${variantName(variant)})`, async () => {
      const tree = await scene.tree({ "x/same": "1", "y/same": "2" });
      const to = await scene.tree();
      const copy = (target: string, ...names: string[]) =>
        scene.copy(variant, {
          flags: ["--filelist", "-"],
          sources: [],
          target,
          stdin: names.map((name) => from(`${tree}/${name}`)).join("\n"),
        });
      const same = await copy(to, "x/same", "y/same");
      assertEquals(same.code, 1);
      assertStringIncludes(same.stderr, `Cannot copy two sources to "${to}/same": they have the same name`);
      const single = await copy(`${to}/new`, "x/same");
      assertEquals(single.code, 1);
      assertStringIncludes(single.stderr, "No such file or directory");
      assertEquals(await compareTrees(to, await scene.tree()), []);
    });
  }

  for (const [index, flag] of ["-3", "-R"].entries()) {
    it(`copies between two remote hosts with ${flag}`, async () => {
      const tree = await scene.tree(SOURCES);
      const to = await scene.tree();
      const engine = ENGINES[index % ENGINES.length];
      const list = ["plain", "[ab]*", "new\nline", "large"].map((name) => `testhost:${tree}/${name}`).join("\0");
      const args = [...scene.sshd.sshOptions, flag, "--engine", engine, "-0", "--filelist=-", `testhost2:${to}`];
      const { code, stderr } = await runEscp(args, { stdin: list });
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      const { "a": _, "~tilde": __, "directory/deep": ___, ...expected } = SOURCES;
      assertEquals(await compareTrees(to, await scene.tree(expected)), []);
    });
  }

  it("of pairs may mix hosts, without another target", async () => {
    const tree = await scene.tree(SOURCES);
    const to = await scene.tree();
    const list = `${to}.yaml`;
    const pairs = [
      [`${tree}/plain`, `testhost:${to}/pushed`],
      [`testhost:${tree}/plain`, `${to}/pulled`],
      [`testhost:${tree}/large`, `testhost2:${to}/relayed`],
      [`${tree}/a`, `${to}/copied`],
    ];
    await Deno.writeTextFile(list, JSON.stringify(pairs));
    const { code, stderr } = await runEscp([...scene.sshd.sshOptions, "--filelist", list], { timeoutMs: 120_000 });
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const expected = { pushed: "plain", pulled: "plain", relayed: SOURCES.large, copied: "not meant" };
    assertEquals(await compareTrees(to, await scene.tree(expected)), []);
  });

  it("has names relative to the working directory, or to the home directory of the host", async () => {
    await Deno.writeTextFile(`${scene.sshd.home}/~in home`, "home");
    const here = await scene.tree({ "~in directory": "here" });
    const stdin = "testhost:~in home\n~in directory\n";
    const args = [...scene.sshd.sshOptions, "--filelist", "-", "."];
    const to = await scene.tree({ "~in directory": "here" });
    const { code, stderr } = await runEscp([...args.slice(0, -1), to], { stdin, cwd: here });
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertEquals(await compareTrees(to, await scene.tree({ "~in home": "home", "~in directory": "here" })), []);
  });

  it("may have more than 65,536 entries in one session", async () => {
    const count = 66_000;
    const tree = await scene.tree({ "to/x": "x" });
    const names = Array.from({ length: count }, (_, index) => `${tree}/${index}`);
    names.forEach((name, index) => Deno.writeTextFileSync(name, `${index}`));
    const variant = { direction: "pull", engine: ENGINES[0], streams: 4 } as const;
    const stdin = names.map((name) => `testhost:${name}`).join("\n");
    const flags = ["--json", "--filelist", "-"];
    const options = { flags, sources: [], target: `${tree}/to`, stdin, timeoutMs: 240_000 };
    const { code, stderr, stdout } = await scene.copy(variant, options);
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertEquals(stdout.match(/"event":"connected"/g)?.length, 1);
    for (const index of [0, 255, 256, 65_534, 65_535, 65_536, 65_537, count - 1]) {
      assertEquals(await Deno.readTextFile(`${tree}/to/${index}`), `${index}`);
    }
    assertEquals(listNames(`${tree}/to`).length, count + 1);
  });

  it("that cannot be read is reported before anything is opened", async () => {
    const { code, stderr } = await runEscp(["--filelist", "/no/such", "-S", "/no/ssh", "h:"]);
    assertEquals({ code, stderr }, {
      code: 2,
      stderr: 'escp: Cannot read the list "/no/such": No such file or directory\n',
    });
  });
});
