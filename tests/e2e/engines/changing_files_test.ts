import { assert, assertEquals } from "@std/assert";
import { equals } from "../../../src/bytes.ts";
import { beforeAll, it } from "@std/testing/bdd";
import { listNames } from "../../support/files/list_names.ts";
import { describeWithScene, rotatingEngines, type Variant, variantName } from "../../support/scene.ts";
import { writeScript } from "../../support/shell_script.ts";
import { temporaryFiles } from "../../support/escp/temporary_files.ts";

const MIB = 1 << 20;

interface Change {
  name: string;
  /** Initial size of the file "f". */
  size: number;
  /** Shell commands that change it. */
  command: string;
  arrives: boolean;
  /** Number of bytes that arrive. Default: the whole file as it is now. */
  bytes?: number;
}

/** Changes of a file between the walk that finds it and its first read. */
const CHANGES: Change[] = [
  { name: "a small file grows a little", size: 1000, command: "printf more >> f", arrives: true },
  { name: "a small file outgrows a pack", size: 1000, command: "head -c 3000000 /dev/urandom >> f", arrives: true },
  { name: "a small file shrinks", size: 1000, command: "printf less > f", arrives: true },
  { name: "a small file vanishes", size: 1000, command: "rm f", arrives: false },
  { name: "a small file becomes a FIFO", size: 1000, command: "rm f; mkfifo f", arrives: false },
  { name: "a small file becomes a directory", size: 1000, command: "rm f; mkdir f", arrives: false },
  { name: "a large file grows", size: 3 * MIB, command: "printf more >> f", arrives: true, bytes: 3 * MIB },
  {
    name: "a large file doubles",
    size: 3 * MIB,
    command: "cat f > g; cat g >> f; rm g",
    arrives: true,
    bytes: 3 * MIB,
  },
  { name: "a large file shrinks", size: 3 * MIB, command: "printf less > f", arrives: false },
  { name: "a large file vanishes", size: 3 * MIB, command: "rm f", arrives: false },
  { name: "a large file is replaced", size: 3 * MIB, command: "cp f g; mv g f", arrives: false },
  { name: "a large file becomes a FIFO", size: 3 * MIB, command: "rm f; mkfifo f", arrives: false },
];

/** Each change of a file that is copied alone, and of one among others. */
const CASES = CHANGES.flatMap((change, index) =>
  [false, true].flatMap((alone) =>
    rotatingEngines(Math.floor(index / 2) + Number(alone)).map((engine) => {
      const variant: Variant = { direction: index % 2 === 0 ? "push" : "pull", engine, streams: 1 };
      return { ...change, alone, variant };
    })
  )
);

/**
 * Replaces ssh and starts the receiver on this machine. The second line of the client, which names its files or reports that
 * it is ready, follows the walk. The script changes the file before the receiver reads that line.
 */
const CHANGING_SSH = `
for last; do :; done
{
  IFS= read -r line && printf '%s\\n' "$line"
  IFS= read -r line && (cd "$CHANGE_IN" && eval "$CHANGE") && printf '%s\\n' "$line"
  exec cat
} | sh -c "$last"
`;

describeWithScene("a file that changes after the walk", (scene) => {
  let ssh: string;
  beforeAll(async () => {
    ssh = await writeScript(`${scene.sshd.binDirectory}/changing-ssh`, CHANGING_SSH);
  });

  for (const { name, size, command, arrives, bytes, alone, variant } of CASES) {
    const outcome = `${arrives ? "is copied" : "is one failure"} ${alone ? "alone" : "among others"}`;

    it(`${outcome}: ${name} (${variantName(variant)})`, async () => {
      const tree = await scene.tree({
        "from/f": { size },
        ...(alone ? {} : { "from/a": "a", "from/z": "z" }),
        "to": { directory: true },
      });
      const { code, stderr } = await scene.copy(variant, {
        flags: ["-r", "-S", ssh],
        sources: [alone ? `${tree}/from/f` : `${tree}/from`],
        target: `${tree}/to/`,
        env: { CHANGE: command, CHANGE_IN: `${tree}/from` },
      });
      const to = alone ? `${tree}/to` : `${tree}/to/from`;
      const failures = stderr.split("\n").filter((line) => line.startsWith("escp: Cannot"));
      assertEquals([code, failures.length], arrives ? [0, 0] : [1, 1], stderr);
      assert(arrives || failures[0].includes("/from/f"), stderr);
      const others = alone ? [] : ["a", "z"];
      assertEquals(listNames(to).filter(isFinal), [...others, ...(arrives ? ["f"] : [])].sort());
      if (arrives) {
        const sent = Deno.readFileSync(`${tree}/from/f`).subarray(0, bytes);
        assert(equals(Deno.readFileSync(`${to}/f`), sent));
      }
      const grew = `note: "${tree}/from/f" grew while it was copied: the target has its first ${bytes} bytes`;
      if (bytes !== undefined) assert(stderr.includes(grew), stderr);
      assertEquals(temporaryFiles(tree).filter(isFinal), []);
    });
  }
});

/** Returns whether a name is not a mark or record that a failed copy leaves for the next run. */
function isFinal(path: string): boolean {
  return !/\.(?:unfinished|run)$/.test(path);
}
