import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { fromFileUrl } from "@std/path";
import { escpEnvironment } from "../../support/escp/escp_command.ts";
import { createTempTree } from "../../support/files/temp_tree.ts";

const ROOT = fromFileUrl(new URL("../../..", import.meta.url));
const PROGRAM = fromFileUrl(new URL("loaded_modules.ts", import.meta.url));

/** Runs escp. @returns the modules that it has run, as paths in the project. */
async function loadedModules(args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", `--config=${ROOT}/deno.json`, PROGRAM, ...args],
    env: await escpEnvironment({}),
    clearEnv: true,
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  const modules: string[] = JSON.parse(new TextDecoder().decode(stdout));
  assert(modules.some((module) => module.endsWith("src/cli/run/copy.ts")));
  return modules.map((module) => module.slice(module.lastIndexOf("/src/") + 1));
}

describe("the modules of reports", () => {
  it("run only in a run with --report", async () => {
    await using tree = await createTempTree({ from: "text" });
    const { path } = tree;
    const areOfReports = (modules: string[]) =>
      modules.filter((module) => module.startsWith("src/ui/report/") || /uplot|report_file|run_report/i.test(module));
    const without = await loadedModules([`${path}/from`, `${path}/to`]);
    assertEquals(areOfReports(without), []);
    const reported = areOfReports(await loadedModules(["--report", `${path}/run.html`, `${path}/from`, `${path}/to`]));
    for (const module of ["page/page_code.ts", "record/recorder.ts"]) {
      assert(reported.includes(`src/ui/report/${module}`), reported.join(" "));
    }
  });
});
