/** Programs that use the library, from source and compiled. */

import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { fromFileUrl, relative } from "@std/path";
import { escpEnvironment } from "../support/escp/escp_command.ts";
import { compareTrees } from "../support/files/compare_trees.ts";
import { createTempDirectory } from "../support/files/temp.ts";
import { writeTree } from "../support/files/temp_tree.ts";
import { describeWithScene } from "../support/scene.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));

/** Copies twice at the same time, with options in JSON. */
const PROGRAM = `
console.log("main");
const [from, to, options] = Deno.args;
const both = [1, 2].map((number) => copy(from, to + number, JSON.parse(options)));
for (const { files } of await Promise.all(both)) console.log(files);
const failed = await copy(from + "/missing", to, { ...JSON.parse(options), throwOnFailure: false });
console.log(failed.failures.length);
`;
const PRINTED = "main\n2\n2\n1\n";

async function run(program: string, args: string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args,
    clearEnv: true,
    env: await escpEnvironment(env),
    stdin: "null",
  }).output();
  const [out, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, stdout: out, stderr: errors };
}

/** Writes a program that imports the library, and a tree to copy. */
async function writeProgram(path: string): Promise<void> {
  // A compiled program contains only modules with relative paths.
  const imports = { "@escp/escp": relative(path, `${ROOT}src/mod.ts`) };
  await writeTree(path, {
    "deno.json": JSON.stringify({ imports }),
    "config/escp/config.yaml": "preserve: true\n",
    "user.ts": `import { copy } from "@escp/escp";\n${PROGRAM}`,
    "from/small": "small",
    "from/d/large": { size: 5_000_000 },
  });
}

describeWithScene("a program that uses the library", (scene) => {
  it("copies on this machine and to a host, starts itself only once, and prints nothing else", async () => {
    await using directory = await createTempDirectory();
    const { path } = directory;
    await writeProgram(path);
    const { sshd } = scene;
    const remote = { sshConfig: sshd.configPath, remotePath: `${sshd.binDirectory}/escp`, tunnel: "never" };
    for (const [prefix, name, options] of [["", "local", {}], ["testhost:", "remote", remote]] as const) {
      const deno = ["run", "--quiet", "--allow-all", `${path}/user.ts`];
      const args = [`${path}/from`, `${prefix}${path}/${name}`, JSON.stringify({ ...options, recursive: true })];
      const result = await run(Deno.execPath(), [...deno, ...args], { XDG_CONFIG_HOME: `${path}/config` });
      assertEquals(result, { code: 0, stdout: PRINTED, stderr: "" });
      assertEquals(await compareTrees(`${path}/from`, `${path}/${name}1`), []);
      assertEquals(await compareTrees(`${path}/from`, `${path}/${name}2`, { mtimes: "ms" }), []);
    }
  });
});

/** Compiles a program. Returns its standard error. */
async function compile(program: string, output: string, include: string[] = []): Promise<string> {
  const included = include.flatMap((path) => ["--include", path]);
  const args = ["compile", "--quiet", "--allow-all", "--no-check", ...included, "--output", output, program];
  const runtime = Deno.env.get("DENORT_DIR") && `${Deno.env.get("DENORT_DIR")}/denort-${Deno.build.target}`;
  const { stderr } = await run(Deno.execPath(), args, runtime ? { DENORT_BIN: runtime } : {});
  return stderr;
}

/** Returns whether there is a runtime of this version of Deno. Without the variables, Deno would try to download it. */
async function hasRuntime(): Promise<boolean> {
  if (!Deno.env.has("DENORT_DIR") && !Deno.env.has("DENORT_BIN")) return false;
  await using directory = await createTempDirectory();
  const { path } = directory;
  await writeTree(path, { "main.ts": `console.log("runs");` });
  await compile(`${path}/main.ts`, `${path}/main`);
  return (await run(`${path}/main`, []).catch(() => undefined))?.stdout === "runs\n";
}

const canCompile = await hasRuntime();
const why = canCompile ? "" : ` (skipped: no runtime of Deno ${Deno.version.deno} in DENORT_DIR)`;

describe("a compiled program that uses the library", () => {
  it(`copies on this machine, and starts itself only once${why}`, { ignore: !canCompile }, async () => {
    await using directory = await createTempDirectory();
    const { path } = directory;
    await writeProgram(path);
    await compile(`${path}/user.ts`, `${path}/user`);
    await compile(`${path}/user.ts`, `${path}/threaded`, [`${ROOT}src/streams/run/worker.ts`]);
    const cases = [["user", {}], ["user", { engine: "portable" }], ["threaded", { threads: 2 }]] as const;
    for (const [index, [program, options]] of cases.entries()) {
      const args = [
        `${path}/from`,
        `${path}/to-${index}-`,
        JSON.stringify({ ...options, recursive: true, streams: 2 }),
      ];
      const result = await run(`${path}/${program}`, args, { XDG_CONFIG_HOME: `${path}/config` });
      assertEquals(result, { code: 0, stdout: PRINTED, stderr: "" });
      assertEquals(await compareTrees(`${path}/from`, `${path}/to-${index}-2`, { mtimes: "ms" }), []);
    }
  });
});
