import { assertEquals, assertMatch } from "@std/assert";
import { it } from "@std/testing/bdd";
import { compareFiles } from "../../../support/files/compare_trees.ts";
import { escpCommand, runEscp } from "../../../support/escp/escp_command.ts";
import { describeWithScene, variantName, VARIANTS } from "../../../support/scene.ts";

/** A shell command that redirects a descriptor to "out", and the target that names it. */
const DESCRIPTORS = [
  { target: "/dev/stdout", script: '"$@" > out' },
  { target: "/dev/stdout", script: '"$@" | cat > out' },
  { target: "/dev/fd/1", script: '"$@" | cat > out' },
  { target: "/dev/fd/3", script: '"$@" 3> out' },
  { target: "/dev/fd/3", script: '{ "$@" 3>&1 >&2; } | cat > out' },
  { target: "/proc/self/fd/5", script: '{ "$@" 5>&1 >&2; } | cat > out' },
  { target: "/dev/stderr", script: '"$@" 2> out' },
];

describeWithScene("an open descriptor as the target", { ignore: Deno.build.os !== "linux" }, (scene) => {
  for (const variant of VARIANTS.filter(({ direction }) => direction !== "push")) {
    it(`is the descriptor of the calling shell (${variantName(variant)})`, async () => {
      for (const { target, script } of DESCRIPTORS) {
        for (const size of [3, 3 << 20]) {
          const tree = await scene.tree({ "f": { size } });
          const args = scene.args(variant, { flags: ["-q"], sources: [`${tree}/f`], target });
          const command = ["bash", "-c", script, "bash", ...escpCommand()];
          const { code, stderr } = await runEscp(args, { command, cwd: tree });
          const shown = `${target} by ${script}: ${stderr}`;
          assertEquals(code, 0, shown);
          assertEquals(compareFiles(`${tree}/f`, `${tree}/out`), undefined, shown);
        }
      }
    });
  }

  it("continues at the position of the descriptor", async () => {
    const tree = await scene.tree({ "f": "second" });
    const script = '{ printf "first, " >&3; "$@"; printf ", third" >&3; } 3> out';
    const { code, stderr } = await runEscp([`${tree}/f`, "/dev/fd/3"], {
      command: ["bash", "-c", script, "bash", ...escpCommand()],
      cwd: tree,
    });
    assertEquals([code, stderr], [0, ""]);
    assertEquals(Deno.readTextFileSync(`${tree}/out`), "first, second, third");
  });

  it("is refused if the shell has not opened it", async () => {
    const tree = await scene.tree({ "f": "f" });
    for (const descriptor of [3, 4, 9, 77]) {
      // The tests may have been started with more descriptors than the standard ones.
      const command = ["bash", "-c", `"$@" ${descriptor}>&-`, "bash", ...escpCommand()];
      const { code, stderr } = await runEscp([`${tree}/f`, `/dev/fd/${descriptor}`], { command });
      assertEquals(code, 1);
      assertMatch(stderr, new RegExp(`^escp: Cannot write "/dev/fd/${descriptor}": Bad file descriptor$`, "m"));
    }
  });
});
