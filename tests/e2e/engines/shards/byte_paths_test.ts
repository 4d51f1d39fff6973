/** Shards of random trees whose names are any bytes. Deno cannot open them, so a shell makes and lists the trees. */

import { assertEquals } from "@std/assert";
import { it } from "@std/testing/bdd";
import { RandomBytes } from "../../../support/files/random_bytes.ts";
import { describeWithScene, variantName, VARIANTS } from "../../../support/scene.ts";

const DIRECTORIES = 12;
const FILES = 60;

describeWithScene("shards of a random tree with names of any bytes", { inProcess: true }, (scene) => {
  VARIANTS.filter(({ engine }) => engine === "native").forEach((variant, index) => {
    it(`copy each file once, in every run the same (${variantName(variant)})`, async () => {
      const random = new RandomBytes(`byte paths ${index}`);
      const count = 2 + random.below(6);
      const tree = await scene.tree({ from: { directory: true } });
      await bash(`${tree}/from`, randomTree(random));
      const copy = async (shard: string, target: string) => {
        const { code, stderr } = await scene.copy(variant, {
          flags: ["-a", "--shard", shard, "--shard-report", `${tree}/reports ${target}`],
          sources: [`${tree}/from`],
          target: `${tree}/${target}`,
        });
        assertEquals([code, stderr], [0, ""]);
        return await entriesOf(`${tree}/${target}`);
      };
      const expected = await entriesOf(`${tree}/from`);

      // Each shard has a target of its own, which shows what it copies.
      const shares: string[][] = [];
      for (let shard = 0; shard < count; shard++) shares.push(filesOf(await copy(`${shard}/${count}`, `own ${shard}`)));
      assertEquals(shares.flat().sort(), filesOf(expected));
      for (let shard = count - 1; shard >= 0; shard--) {
        assertEquals(filesOf(await copy(`${shard}/${count}`, `again ${shard}`)), shares[shard]);
      }

      for (let shard = 0; shard < count; shard++) await copy(`${shard}/${count}`, "together");
      assertEquals(await copy(`finish/${count}`, "together"), expected);
    });
  });
});

/** Returns commands that make the tree in the working directory. */
function randomTree(random: RandomBytes): string {
  const name = (kind: string, index: number) => {
    const bytes = new Uint8Array(1 + random.below(8));
    random.fill(bytes);
    // The number makes names unique.
    return kind + index + Array.from(bytes, (byte) => byte === 0 || byte === 0x2f ? "\\377" : octal(byte)).join("");
  };
  const directories = ["."];
  const commands: string[] = [];
  for (let index = 0; index < DIRECTORIES; index++) {
    const path = `${directories[random.below(directories.length)]}/${name("d", index)}`;
    directories.push(path);
    commands.push(`mkdir $'${path}'`);
  }
  for (let index = 0; index < FILES; index++) {
    const path = `${directories[random.below(directories.length)]}/${name("f", index)}`;
    commands.push(`echo ${index} >$'${path}'; touch -d @${1_000_000_000 + index}.5 $'${path}'`);
  }
  for (const [index, path] of directories.entries()) commands.push(`touch -d @${900_000_000 + index} $'${path}'`);
  return commands.join("\n");
}

function octal(byte: number): string {
  return `\\${byte.toString(8).padStart(3, "0")}`;
}

/** Returns type, time, size and path of all entries, sorted. Paths are bytes as Latin-1. */
async function entriesOf(directory: string): Promise<string[]> {
  const listed = await bash(directory, `find . -printf '%y %T@ %s %p\\0'`);
  return listed.split("\0").filter((entry) => entry !== "").map((entry) => entry.replace(/^(d \S+) \d+/, "$1")).sort();
}

function filesOf(entries: string[]): string[] {
  return entries.filter((entry) => entry.startsWith("f"));
}

async function bash(cwd: string, script: string): Promise<string> {
  const options = { cwd, env: { LC_ALL: "C" }, stdin: "piped", stdout: "piped", stderr: "piped" } as const;
  const child = new Deno.Command("bash", { args: ["-e"], ...options }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(script));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder("latin1").decode(stdout);
}
