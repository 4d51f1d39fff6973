import { assert, assertEquals } from "@std/assert";
import { beforeAll, it } from "@std/testing/bdd";
import { listNames } from "../../support/list_names.ts";
import { describeWithScene, ENGINES, type Variant, variantName } from "../../support/scene.ts";
import { temporaryFiles } from "../../support/temporary_files.ts";

const MiB = 1 << 20;

/** What becomes of the file "f" between the moment when it is found and that when it is read. */
const CHANGES: { name: string; size: number; change: string; arrives: boolean }[] = [
  { name: "a small one grows a little", size: 1000, change: "printf more >> f", arrives: true },
  { name: "a small one grows beyond a pack", size: 1000, change: "head -c 3000000 /dev/urandom >> f", arrives: true },
  { name: "a small one shrinks", size: 1000, change: "printf less > f", arrives: true },
  { name: "a small one vanishes", size: 1000, change: "rm f", arrives: false },
  { name: "a small one becomes a FIFO", size: 1000, change: "rm f; mkfifo f", arrives: false },
  { name: "a small one becomes a directory", size: 1000, change: "rm f; mkdir f", arrives: false },
  { name: "a large one grows", size: 3 * MiB, change: "printf more >> f", arrives: false },
  { name: "a large one shrinks", size: 3 * MiB, change: "printf less > f", arrives: false },
  { name: "a large one vanishes", size: 3 * MiB, change: "rm f", arrives: false },
  { name: "a large one is replaced", size: 3 * MiB, change: "cp f g; mv g f", arrives: false },
  { name: "a large one becomes a FIFO", size: 3 * MiB, change: "rm f; mkfifo f", arrives: false },
];

/**
 * A program in the place of ssh that starts the other end here. The client's second line (what it sends, or that it is
 * ready) says that the walk is over, which a script can act upon before the other end reads it.
 */
const BETWEEN = `#!/bin/sh
for last; do :; done
{
  IFS= read -r line && printf '%s\\n' "$line"
  IFS= read -r line && (cd "$CHANGE_IN" && eval "$CHANGE") && printf '%s\\n' "$line"
  exec cat
} | sh -c "$last"
`;

describeWithScene("a file that changes while it is copied", (scene) => {
  let program: string;
  beforeAll(async () => {
    program = `${scene.sshd.binDirectory}/between`;
    await Deno.writeTextFile(program, BETWEEN);
    await Deno.chmod(program, 0o755);
  });

  ENGINES.forEach((engine) => {
    CHANGES.forEach(({ name, size, change, arrives }, index) => {
      const variant: Variant = { direction: index % 2 === 0 ? "push" : "pull", engine, streams: 1 };
      for (const alone of [false, true]) {
        const title = `is ${arrives ? "copied" : "one failure"}${alone ? ", alone" : ""}: ${name} (${
          variantName(variant)
        })`;
        it(title, async () => {
          const tree = await scene.tree({
            "from/f": { size },
            ...(alone ? {} : { "from/a": "a", "from/z": "z" }),
            "to": { directory: true },
          });
          const { code, stderr } = await scene.copy(variant, {
            flags: ["-r", "-S", program],
            sources: [alone ? `${tree}/from/f` : `${tree}/from`],
            target: `${tree}/to/`,
            env: { CHANGE: change, CHANGE_IN: `${tree}/from` },
          });
          const to = alone ? `${tree}/to` : `${tree}/to/from`;
          const failures = stderr.split("\n").filter((line) => line.startsWith("escp: Cannot"));
          assertEquals([code, failures.length], arrives ? [0, 0] : [1, 1], stderr);
          assert(arrives || failures[0].includes("/from/f"), stderr);
          // Where something failed, there is still a mark, or what the next run should know.
          const files = listNames(to).filter((name) => !isForLater(name));
          assertEquals(files, [...(alone ? [] : ["a", "z"]), ...(arrives ? ["f"] : [])].sort());
          if (arrives) assertEquals(Deno.readFileSync(`${to}/f`), Deno.readFileSync(`${tree}/from/f`));
          assertEquals(temporaryFiles(tree).filter((path) => !isForLater(path)), []);
        });
      }
    });
  });
});

function isForLater(path: string): boolean {
  return /\.(?:unfinished|run)$/.test(path);
}
