import { assert, assertEquals } from "@std/assert";
import { it } from "@std/testing/bdd";
import { turn } from "../support/escp/interruptions.ts";
import { compareTrees } from "../support/files/compare_trees.ts";
import { listNames } from "../support/files/list_names.ts";
import { pathsIn } from "../support/files/paths_in.ts";
import { RandomBytes, randomTree } from "../support/files/random_bytes.ts";
import { freePort } from "../support/hosts/free_port.ts";
import { waitForNoProcess } from "../support/processes.ts";
import { randomVariant } from "../support/random_variant.ts";
import { describeWithScene, type Variant, variantName } from "../support/scene.ts";
import { changeTree } from "./changed_tree.ts";
import { randomFaults, startFaultProxy } from "./connections/fault_proxy.ts";

/** Number of trees; `deno task soak` sets more. */
const TREES = Number(Deno.env.get("ESCP_SOAK") ?? 4);
/** Seed of the first tree. Each further tree has the next seed. */
const FIRST_SEED = Number(Deno.env.get("ESCP_SOAK_SEED") ?? 1);
/** Number of changes of each tree, with a mirror after each. */
const CHANGES = 3;
const MIB = 1 << 20;

describeWithScene("--mirror with random trees", { inProcess: true }, (scene) => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + TREES; seed++) {
    const random = new RandomBytes(`mirror ${seed}`);
    const variant = randomVariant(random);

    it(`makes the target equal to a changed source: ${variantName(variant)}, seed ${seed}`, async () => {
      const from = await scene.tree(treeOf(random, seed));
      const parent = await scene.tree({ "beside": "beside" });
      const copy = { flags: ["--mirror", ...options(random)], sources: [from], target: `${parent}/to` };
      for (let round = 0; round <= CHANGES; round++) {
        if (round > 0) changeTree(random.below(4) === 0 ? copy.target : from, random);
        const { code, stderr } = await scene.copy(variant, copy);
        assertEquals([code, stderr], [0, ""], `round ${round}`);
        assertEquals(await differences(from, copy.target), [], `round ${round}`);
      }
      assertEquals(listNames(parent), ["beside", "to"]);
      const again = await scene.copy(variant, { ...copy, flags: [...copy.flags, "-n"] });
      assertEquals(again.stdout.match(/^(?:send|replace|remove) .*$/gm), null, again.stdout);
      await Promise.all([from, parent].map((path) => Deno.remove(path, { recursive: true })));
    });
  }
});

describeWithScene("--mirror over damaged connections", (scene) => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + Math.ceil(TREES / 2); seed++) {
    const random = new RandomBytes(`damaged mirror ${seed}`);
    const variant: Variant = { ...randomVariant(random), direction: random.below(2) === 0 ? "push" : "pull" };

    it(`makes the target equal, or removes nothing: ${variantName(variant)}, seed ${seed}`, async () => {
      const from = await scene.tree(treeOf(random, seed));
      const parent = await scene.tree();
      const copy = { flags: ["--mirror", ...options(random)], sources: [from], target: `${parent}/to` };
      assertEquals((await scene.copy(variant, copy)).code, 0);
      for (let round = 0; round < CHANGES; round++) {
        changeTree(from, random);
        const before = pathsIn(copy.target);
        const port = freePort();
        await using proxy = startFaultProxy(port, randomFaults(random));
        const through = ["--escp-port", `${port}`, "--data-address", `127.0.0.1:${proxy.port}`];
        const patience = ["--timeout", "2", "--retries", `${random.below(3)}`];
        const { code, stderr } = await scene.copy(variant, {
          ...copy,
          flags: [...copy.flags, ...through, ...patience],
        });
        assert([0, 1, 255].includes(code), `round ${round}: status ${code}: ${stderr}`);
        if (code === 0) assertEquals(await differences(from, copy.target), [], `round ${round}`);
        else assertKept(before, { from, to: copy.target });
      }
      const { code, stderr } = await scene.copy(variant, copy);
      assertEquals([code, stderr], [0, ""]);
      assertEquals(await differences(from, copy.target), []);
      await Promise.all([from, parent].map((path) => Deno.remove(path, { recursive: true })));
    });
  }
});

describeWithScene("--mirror that is killed", (scene) => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + Math.ceil(TREES / 4); seed++) {
    const random = new RandomBytes(`killed mirror ${seed}`);
    const variant = randomVariant(random);

    it(`removes nothing that the source has: ${variantName(variant)}, seed ${seed}`, async () => {
      const from = await scene.tree(treeOf(random, seed));
      const parent = await scene.tree();
      const copy = { flags: ["--mirror", "--retries", "0"], sources: [from], target: `${parent}/to` };
      assertEquals((await scene.copy(variant, copy)).code, 0);
      changeTree(from, random);
      const before = pathsIn(copy.target);
      {
        await using running = await scene.start(variant, { ...copy, flags: [...copy.flags, "--json"] });
        const least = random.below(4);
        let ended = false;
        const result = running.result.finally(() => ended = true);
        const deleted = () => running.printed.stdout.match(/"event":"deleted"/g)?.length ?? 0;
        while (!ended && deleted() < least) await turn();
        kill(running);
        const { leftBehind } = await result;
        await waitForNoProcess(leftBehind);
        await scene.sshd.waitForNoSession();
      }
      assertKept(before, { from, to: copy.target });
      const { code, stderr } = await scene.copy(variant, copy);
      assertEquals(code, 0, stderr);
      const left = (await differences(from, copy.target)).filter((line) => !/\.escp-[^/]*\.part: not exp/.test(line));
      assertEquals(left, []);
      await Promise.all([from, parent].map((path) => Deno.remove(path, { recursive: true })));
    });
  }
});

/** Asserts that of these paths of the target none is missing that the source has, too. */
function assertKept(before: readonly string[], { from, to }: { from: string; to: string }): void {
  const after = new Set(pathsIn(to));
  const isSame = (path: string) => kindOf(`${from}/${path}`) !== undefined && !isReplaced(from, to, path);
  for (const path of before) assert(after.has(path) || !isSame(path), path);
}

function kill(running: { kill(signal: Deno.Signal): void }): void {
  try {
    running.kill("SIGKILL");
  } catch {
    // The client has exited.
  }
}

/** Returns whether an entry of another kind, or below one, was to be replaced: it may be missing for an instant. */
function isReplaced(from: string, to: string, path: string): boolean {
  const parts = path.split("/");
  return parts.some((_, index) => {
    const part = parts.slice(0, index + 1).join("/");
    return kindOf(`${from}/${part}`) !== kindOf(`${to}/${part}`);
  });
}

function kindOf(path: string): string | undefined {
  try {
    const { isDirectory, isSymlink } = Deno.lstatSync(path);
    return isDirectory ? "directory" : isSymlink ? "link" : "file";
  } catch {
    return undefined;
  }
}

/** Compares names, kinds, contents, modes, times and hard links. */
async function differences(from: string, to: string): Promise<string[]> {
  const found = await compareTrees(from, to, { modes: true, mtimes: "ms" });
  const firsts = new Map<number, string>();
  for (const path of pathsIn(from)) {
    const { isFile, nlink, ino } = Deno.lstatSync(`${from}/${path}`);
    if (!isFile || nlink === 1) continue;
    const first = firsts.get(ino!);
    if (first === undefined) firsts.set(ino!, path);
    else if (Deno.lstatSync(`${to}/${path}`).ino !== Deno.lstatSync(`${to}/${first}`).ino) {
      found.push(`${path}: not linked`);
    }
  }
  return found;
}

function treeOf(random: RandomBytes, seed: number) {
  const shape = { files: 10 + random.below(80), directories: 1 + random.below(20), maxBytes: MIB / 4, seed };
  const large = Array.from(
    { length: random.below(3) },
    (_, index) => [`large ${index}`, { size: MIB + random.below(4 * MIB) }],
  );
  return { ...randomTree(shape), ...Object.fromEntries(large) };
}

function options(random: RandomBytes): string[] {
  const flags = [["-C"], ["--checksum"], ["--no-resume"], ["--fsync"]];
  return flags.filter(() => random.below(4) === 0).flat();
}
