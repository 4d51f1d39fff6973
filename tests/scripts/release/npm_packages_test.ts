import { assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { createTempTree } from "../../support/files/temp_tree.ts";
import { releaseOfSuite, ROOT, VERSION } from "./sample_release.ts";

const hasNpm = await succeeds("npm", "--version");

describe("the npm packages", () => {
  const release = releaseOfSuite();
  const skipped = hasNpm ? "" : " (skipped: no npm)";

  it({
    name: `copy a file after an installation without network${skipped}`,
    ignore: !hasNpm,
    fn: async () => {
      await using directory = await createTempTree({ "project/a.txt": "text" });
      const { path } = directory;
      const packages = [`escp-${VERSION}.tgz`, `escp-${release.system}-${VERSION}.tgz`];
      const cwd = `${path}/project`;
      await run(cwd, path, "npm", "install", ...packages.map((name) => `${release.path}/npm/${name}`));
      await run(cwd, path, "npx", "--no-install", "escp", "-q", "a.txt", "b.txt");
      assertEquals(await Deno.readTextFile(`${cwd}/b.txt`), "text");

      const { code, stderr } = await output(cwd, path, "npx", "--no-install", "escp", "missing", "b.txt");
      assertEquals(code, 1, stderr);
      assertStringIncludes(stderr, 'escp: Cannot read "missing"');
    },
  });

  it({
    name: `name the missing package of the system${skipped}`,
    ignore: !hasNpm,
    fn: async () => {
      await using directory = await createTempTree({ "project": { directory: true } });
      const { path } = directory;
      const cwd = `${path}/project`;
      await run(cwd, path, "npm", "install", "--omit=optional", `${release.path}/npm/escp-${VERSION}.tgz`);
      const { code, stderr } = await output(cwd, path, "npx", "--no-install", "escp", "a", "b");
      assertEquals(code, 1);
      assertStringIncludes(stderr, `escp: Cannot find the package @escp/${release.system}, which contains`);
    },
  });

  it({
    name: `name the C library of a system without glibc${skipped}`,
    ignore: !hasNpm,
    fn: async () => {
      await using directory = await createTempTree({
        "musl.cjs": "process.report.getReport = () => ({ header: {} });",
        "escp.cjs": { content: await Deno.readTextFile(`${ROOT}/scripts/release/npm_launcher.cjs`) },
      });
      const { path } = directory;
      const { code, stderr } = await output(path, path, "node", "--require", "./musl.cjs", "escp.cjs", "a", "b");
      assertEquals(code, 1);
      assertStringIncludes(stderr, "escp: Cannot run on this Linux: its C library is not glibc");
      assertStringIncludes(stderr, "hint: Run escp from source");
    },
  });
});

async function run(cwd: string, home: string, ...command: [program: string, ...args: string[]]): Promise<void> {
  const { code, stderr } = await output(cwd, home, ...command);
  assertEquals(code, 0, `${command.join(" ")}: ${stderr}`);
}

/** Runs npm without network, and with an empty cache. */
async function output(cwd: string, home: string, program: string, ...args: string[]) {
  const { code, stderr } = await new Deno.Command(program, {
    args,
    cwd,
    env: {
      npm_config_offline: "true",
      npm_config_cache: `${home}/npm-cache`,
      npm_config_audit: "false",
      npm_config_fund: "false",
      npm_config_fetch_retries: "0",
      npm_config_update_notifier: "false",
      NO_COLOR: "1",
    },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

async function succeeds(program: string, ...args: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args, stdin: "null" }).output()).success;
  } catch {
    return false;
  }
}
