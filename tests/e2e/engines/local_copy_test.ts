import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { compareTrees } from "../../support/files/compare_trees.ts";
import { runEscp } from "../../support/escp/escp_command.ts";
import { ENGINES } from "../../support/scene.ts";
import { createTempDirectory } from "../../support/files/temp.ts";
import { createTempTree } from "../../support/files/temp_tree.ts";

const MIB = 1 << 20;
const TREE = {
  "from/large": { size: 40 * MIB + 1 },
  "from/several/1": { size: 2 * MIB },
  "from/several/2": { size: 3 * MIB + 4095 },
  "from/several/3": { size: 5 * MIB, mode: 0o600 },
  "from/small": "small",
};

interface LocalCopy {
  copied: string;
  /** Whether the receiver copied files itself instead of receiving them through streams. */
  wasShared: boolean;
}

/** Copies the tree on this machine. */
async function copy(from: string, to: string, flags: string[]): Promise<LocalCopy> {
  const log = `${to}/log`;
  const all = ["-r", "-v", "-t", "2", "--remote-log", log, ...flags, `${from}/from`, `${to}/copy`];
  const { code, stderr } = await runEscp(all);
  assertEquals(code, 0, stderr);
  return {
    copied: `${to}/copy`,
    wasShared: (await Deno.readTextFile(log)).includes("copied directly from the open files"),
  };
}

describe("a copy on one machine", () => {
  for (const engine of ENGINES) {
    it(`is equal, and shares files if the engine can (${engine})`, async () => {
      await using tree = await createTempTree(TREE);
      for (const flags of [["-p", "--fsync"], ["--sparse"], ["--verify"]]) {
        await using to = await createTempDirectory();
        const { copied, wasShared } = await copy(tree.path, to.path, ["--engine", engine, ...flags]);
        assertEquals(await compareTrees(`${tree.path}/from`, copied, { modes: flags[0] === "-p" }), []);
        assertEquals(wasShared, engine === "native", flags.join(" "));
      }
    });

    it(`sends limited or compressed data through streams (${engine})`, async () => {
      await using tree = await createTempTree(TREE);
      for (const flags of [["-l", "10000000"], ["-C"]]) {
        await using to = await createTempDirectory();
        const { copied, wasShared } = await copy(tree.path, to.path, ["--engine", engine, ...flags]);
        assertEquals(await compareTrees(`${tree.path}/from`, copied), []);
        assert(!wasShared);
      }
    });
  }

  it(
    "is equal between two file systems",
    { ignore: !ENGINES.includes("native") || !isMounted("/dev/shm") },
    async () => {
      await using tree = await createTempTree(TREE);
      await using to = await createTempDirectory("/dev/shm");
      const { copied, wasShared } = await copy(tree.path, to.path, ["--engine", "native"]);
      assertEquals(await compareTrees(`${tree.path}/from`, copied), []);
      assert(wasShared);
    },
  );
});

function isMounted(directory: string): boolean {
  try {
    return Deno.statSync(directory).isDirectory;
  } catch {
    return false;
  }
}
