import { assertEquals } from "@std/assert";
import { it } from "@std/testing/bdd";
import { compareTrees } from "../../../support/files/compare_trees.ts";
import { escapeGlob } from "../../../support/files/escape_glob.ts";
import { escpCommand, runEscp } from "../../../support/escp/escp_command.ts";
import { listNames } from "../../../support/files/list_names.ts";
import { describeWithScene, ENGINES, variantName, VARIANTS, variantsOf } from "../../../support/scene.ts";
import type { TreeEntries } from "../../../support/files/temp_tree.ts";

/** A name may contain all characters except "/" and NUL. */
const NAMES = [
  "with space",
  " before and after ",
  "single'quote",
  'double"quote',
  "back\\slash",
  "back`tick`",
  "new\nline",
  "tab\tand\rreturn",
  "escape\x1b[31mred",
  "$(touch run)",
  "$HOME",
  "${HOME}",
  "a;b&c|d>e<f",
  "*",
  "?[a-z]",
  "{a,b}",
  "!history",
  "#comment",
  "~",
  "~root",
  "-rf",
  "--receiver",
  "-",
  "colon:name",
  "...",
  "..hidden",
  "größe",
  "gro\u0308ße",
  "日本語",
  "😀",
  "\u202egnp.exe",
  "percent%20",
  "l".repeat(255),
];

/** An executable made with Deno 2.6 exits if an argument is not UTF-8. */
const IS_OLD = /Deno 2\.6\./.test((await runEscp(["-V", "-v"])).stdout);
const OLD_REASON = IS_OLD ? " (skipped: not with the runtime Deno 2.6)" : "";

describeWithScene("names of files", { inProcess: true }, (scene) => {
  for (const variant of VARIANTS) {
    it(`are copied literally: ${variantName(variant)}`, async () => {
      const entries: TreeEntries = {};
      for (const name of NAMES) {
        entries[`all/${name}`] = `file ${name}`;
        entries[`all/directories/${name}/inside`] = `inside ${name}`;
      }
      const tree = await scene.tree(entries);
      const inDirectory = await scene.copy(variant, {
        flags: ["-r"],
        sources: [`${tree}/all`],
        target: `${tree}/directory`,
      });
      assertEquals({ code: inDirectory.code, stderr: inDirectory.stderr }, { code: 0, stderr: "" });
      assertEquals(await compareTrees(`${tree}/all`, `${tree}/directory`), []);
      await Deno.mkdir(`${tree}/all2`);
      // A remote operand is a pattern.
      const quoted = variant.direction === "pull" ? escapeGlob : (name: string) => name;
      const sources = NAMES.map((name) => `${tree}/all/${quoted(name)}`);
      const asOperands = await scene.copy(variant, { sources, target: `${tree}/all2` });
      assertEquals({ code: asOperands.code, stderr: asOperands.stderr }, { code: 0, stderr: "" });
      await Deno.remove(`${tree}/all/directories`, { recursive: true });
      assertEquals(await compareTrees(`${tree}/all`, `${tree}/all2`), []);
    });
  }

  it("may begin with a dash or a tilde if they are relative", async () => {
    const tree = await scene.tree({ "-rf": "dash", "~": "tilde", "to": { directory: true } });
    const { code, stderr } = await runEscp(["--", "-rf", "~", "to"], { cwd: tree });
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertEquals(await Deno.readTextFile(`${tree}/to/-rf`) + await Deno.readTextFile(`${tree}/to/~`), "dashtilde");
  });

  const native = ENGINES.includes("native");
  for (const variant of variantsOf("native")) {
    it(`that are not UTF-8 are copied by the native engine: ${variantName(variant)}`, async () => {
      const tree = await scene.tree({ "from/utf-8": "x" });
      await shell(tree, "cd from; mkdir d\\377; echo 1 >d\\377/\\200f; echo 2 >\\303; echo 3 >a\\nb\\301c; mkdir to");
      const { code, stderr } = await scene.copy(variant, {
        flags: ["-r"],
        sources: [`${tree}/from`],
        target: `${tree}/to`,
      });
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assertEquals(await sums(`${tree}/to`), await sums(`${tree}/from`));
    });

    it(
      `that are not UTF-8 are accepted on the command line: ${variantName(variant)}${OLD_REASON}`,
      { ignore: IS_OLD },
      async () => {
        const tree = await scene.tree();
        await shell(tree, "echo 1 >s\\377");
        const marks = scene.args(variant, { sources: [`${tree}/SOURCE`], target: `${tree}/TARGET` });
        const command = [...escpCommand(), ...marks].map((word) => `'${word}'`).join(" ");
        await shell(tree, command.replace("SOURCE", "s\\377").replace("TARGET", "t\\301"));
        await shell(tree, "cmp s\\377 t\\301");
      },
    );
  }

  for (const variant of variantsOf("portable")) {
    it(`that are not UTF-8 fail individually in the portable engine: ${variantName(variant)}`, async () => {
      const tree = await scene.tree({ "from/good": "good" });
      await shell(tree, "cd from; echo 1 >bad\\377; mkdir dir\\376; echo 2 >dir\\376/inside; mkdir ../to");
      const { code, stderr } = await scene.copy(variant, {
        flags: ["-r"],
        sources: [`${tree}/from`],
        target: `${tree}/to`,
      });
      assertEquals(code, 1, stderr);
      const failures = stderr.split("\n").filter((line) => line.startsWith("escp: Cannot"));
      const expected = ["bad", "dir"].map((name) => `escp: Cannot read "${tree}/from/${name}?": its name is not UTF-8`);
      assertEquals(failures.map((line) => line.replace(/\\x[0-9a-f]{2}|\ufffd/g, "?")).sort(), expected, stderr);
      // After a failure the directory keeps its mark as unfinished.
      const names = listNames(`${tree}/to/from`);
      assertEquals(names.filter((name) => !name.startsWith(".escp-")), ["good"]);
    });
  }

  for (const direction of ["push", "pull"] as const) {
    const ignore = ENGINES.length < 2;
    it(
      `that are not UTF-8 fail individually if only the receiver has the portable engine: ${direction}`,
      { ignore },
      async () => {
        const tree = await scene.tree({ "from/good": "good" });
        await shell(
          tree,
          "cd from; echo 1 >bad\\377; mkdir dir\\376; echo 2 >dir\\376/inside; ln -s x\\377 link; mkdir ../to",
        );
        const [here, there] = direction === "push" ? ["native", "portable"] : ["portable", "native"];
        const [from, to] = direction === "push"
          ? [`${tree}/from`, `testhost:${tree}/to`]
          : [`testhost:${tree}/from`, `${tree}/to`];
        const flags = ["-D", `${scene.sshd.binDirectory}/${there}/escp`, "--engine", here, "-r", "--symlinks=preserve"];
        const { code, stderr } = await runEscp([...scene.sshd.sshOptions, ...flags, from, to]);
        assertEquals(code, 1, stderr);
        const failures = stderr.split("\n").filter((line) => line.startsWith("escp: Cannot")).sort();
        assertEquals(failures, [
          `escp: Cannot create "${tree}/to/from/bad\\xff": its name is not UTF-8`,
          `escp: Cannot create "${tree}/to/from/dir\\xfe": its name is not UTF-8`,
          `escp: Cannot create "${tree}/to/from/link": the path that it contains is not UTF-8`,
        ], stderr);
        const names = listNames(`${tree}/to/from`);
        assertEquals(names.filter((name) => !name.startsWith(".escp-")), ["good"]);
      },
    );
  }

  it("that are not UTF-8 are matched by a pattern with the native engine", { ignore: !native }, async () => {
    const tree = await scene.tree({ "from/good": "good" });
    await shell(tree, "cd from; echo 1 >bad\\377; mkdir ../to");
    const variant = { direction: "pull", engine: "native", streams: 4 } as const;
    const { code, stderr } = await scene.copy(variant, { sources: [`${tree}/from/*`], target: `${tree}/to` });
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertEquals(await sums(`${tree}/to`), await sums(`${tree}/from`));
  });

  it("that are not UTF-8 and match a pattern fail individually in the portable engine", async () => {
    const tree = await scene.tree({ "from/good": "good" });
    await shell(tree, "cd from; echo 1 >bad\\377; mkdir ../to");
    const engine = ENGINES.includes("portable") ? "portable" : "native";
    const variant = { direction: "pull", engine, streams: 4 } as const;
    const { code, stderr } = await scene.copy(variant, { sources: [`${tree}/from/*`], target: `${tree}/to` });
    assertEquals(code, engine === "portable" ? 1 : 0, stderr);
    const names = listNames(`${tree}/to`);
    if (engine === "portable") assertEquals(names.filter((name) => !name.startsWith(".escp-")), ["good"]);
  });
});

/** Runs a line of shell in which \ooo is a byte in octal. */
async function shell(cwd: string, line: string): Promise<void> {
  const bytes: number[] = [];
  for (let at = 0; at < line.length; at++) {
    const octal = /^\\([0-7]{3})/.exec(line.slice(at));
    if (octal) {
      bytes.push(parseInt(octal[1], 8));
      at += 3;
    } else bytes.push(...new TextEncoder().encode(line[at]));
  }
  const script = await Deno.makeTempFile({ prefix: "escp-test-" });
  try {
    await Deno.writeFile(script, Uint8Array.from(bytes));
    const { success, stderr } = await new Deno.Command("sh", { args: ["-e", script], cwd, stdin: "null" }).output();
    assertEquals(success, true, `${line}\n${new TextDecoder().decode(stderr)}`);
  } finally {
    await Deno.remove(script);
  }
}

/** Returns the checksum and the bytes of the name of each file. */
async function sums(directory: string): Promise<string> {
  const line = 'cd "$1" && find . -type d -o -exec cksum {} + | LC_ALL=C sort | od -An -c';
  const { stdout } = await new Deno.Command("sh", { args: ["-c", line, "sh", directory] }).output();
  return new TextDecoder().decode(stdout);
}
