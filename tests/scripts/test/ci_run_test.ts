/** .ci/run with a stub of npx. */

import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { createTempDirectory } from "../../support/files/temp.ts";
import { writeScript } from "../../support/shell_script.ts";

const CI_RUN = new URL("../../../.ci/run", import.meta.url);

/** Runs a copy of it, without the compiled binary. The lines of shell replace npx; they may use `$command`. */
async function run(...npx: string[]) {
  await using directory = await createTempDirectory();
  const { path } = directory;
  for (const name of ["bin", ".ci", "tmp"]) await Deno.mkdir(`${path}/${name}`);
  await Deno.copyFile(CI_RUN, `${path}/.ci/run`);
  await writeScript(`${path}/bin/apt-get`, "exit 1");
  await writeScript(`${path}/bin/npx`, 'shift; command="$*"', ...npx);
  const { code, stdout } = await new Deno.Command(`${path}/.ci/run`, {
    env: { PATH: `${path}/bin:${Deno.env.get("PATH")}`, TMPDIR: `${path}/tmp`, DENORT_DIR: "", DENORT_TOOL: "/none" },
    stdin: "null",
  }).output();
  const left = [...Deno.readDirSync(`${path}/tmp`)].map(({ name }) => name);
  return { code, lines: new TextDecoder().decode(stdout).split("\n").slice(0, -1), left };
}

describe(".ci/run", () => {
  it("ends with the failures of all stages, their names, and the counts", async () => {
    const { code, lines, left } = await run(
      'case "$command" in',
      '  *" lint") echo "wrong import"; exit 1;;',
      '  deno@2.9.6*" test "*) printf "tests/a_test.ts: s > c\\n  Error: x\\n\\n" >>"${command##*--failures=}"',
      '    echo "3 passed, 1 failed, 0 skipped"; exit 1;;',
      '  deno@2.6.8*" test "*) echo "Killed"; exit 137;;',
      "esac",
    );
    assertEquals(lines.slice(lines.indexOf("== Failures")), [
      "== Failures",
      "Lint and import rules: deno 2.9.6 task --quiet lint",
      "  wrong import",
      "",
      "All tests with Deno 2.9.6:",
      "tests/a_test.ts: s > c",
      "  Error: x",
      "",
      "Exit of threads, times, names and compiled programs with Deno 2.6.8: the tests exited with status 137 and without a count",
      "  Killed",
      "",
      "",
      "== Names of failures",
      "Lint and import rules: deno 2.9.6 task --quiet lint",
      "All tests with Deno 2.9.6:",
      "tests/a_test.ts: s > c",
      "Exit of threads, times, names and compiled programs with Deno 2.6.8: the tests exited with status 137 and without a count",
      "",
      "3 passed, 3 failed, 1 skipped",
    ]);
    assertEquals([code, left], [1, []]);
  });

  it("ends with the counts alone if nothing failed", async () => {
    const { code, lines } = await run('case "$command" in *" test "*) echo "2 passed, 0 failed, 1 skipped";; esac');
    assertEquals(lines.includes("== Failures"), false);
    assertEquals([code, lines.at(-1)], [0, "4 passed, 0 failed, 3 skipped"]);
  });
});
