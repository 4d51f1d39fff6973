import { assert, assertEquals } from "@std/assert";
import { it } from "@std/testing/bdd";
import { compareTrees } from "../support/files/compare_trees.ts";
import type { RunningEscp } from "../support/escp/escp_command.ts";
import { freePort } from "../support/hosts/free_port.ts";
import { killOthers } from "../support/escp/interruptions.ts";
import { waitForNoProcess } from "../support/processes.ts";
import { RandomBytes, randomTree } from "../support/files/random_bytes.ts";
import { randomVariant } from "../support/random_variant.ts";
import { type Copy, describeWithScene, type Variant, variantName } from "../support/scene.ts";
import type { TreeEntries } from "../support/files/temp_tree.ts";
import { randomFaults, startFaultProxy } from "./connections/fault_proxy.ts";
import { brokenFiles } from "./whole_files.ts";

/** Number of copies; `deno task soak` sets more. */
const TRANSFERS = Number(Deno.env.get("ESCP_SOAK") ?? 6);
/** Seed of the first copy. Each further copy has the next seed. */
const FIRST_SEED = Number(Deno.env.get("ESCP_SOAK_SEED") ?? 1);
const MIB = 1 << 20;
/** No run may take longer, with any fault. */
const LIMIT_MS = 60_000;
/** Maximum number of attempts with faults. The attempt after them has none and must succeed. */
const MAX_ATTEMPTS = 3;

const KILLS = ["client", "remote", "ssh", "SIGINT", "SIGTERM", "SIGHUP"] as const;

describeWithScene("a copy under random faults", (scene) => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + TRANSFERS; seed++) {
    const random = new RandomBytes(`soak ${seed}`);
    const variant = randomVariant(random);
    it(`leaves only complete files, and exits with 0 only for equal trees: ${variantName(variant)}, seed ${seed}`, async () => {
      const from = await scene.tree(tree(random, seed));
      // The target may contain older versions.
      const old = await scene.tree(random.below(2) === 0 ? {} : oldVersions(from, random));
      const to = await scene.tree();
      await new Deno.Command("cp", { args: ["-a", `${old}/.`, to] }).output();
      const flags = ["-r", ...options(random)];
      const copy: Copy = { flags, sources: [`${from}/.`], target: to, timeoutMs: LIMIT_MS };
      let killed = false;
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        const { code, kill } = await disturbed(variant, copy, random);
        killed ||= kill;
        assertEquals(brokenFiles(to, from, old), []);
        if (code !== 0) continue;
        assertEquals(await differences(from, to, killed), []);
        break;
      }
      const { code, stderr } = await scene.copy(variant, copy);
      assertEquals(code, 0, stderr);
      assertEquals(await differences(from, to, killed), []);
      await Promise.all([from, old, to].map((path) => Deno.remove(path, { recursive: true })));
    });
  }

  /** Runs the copy with random faults and checks the conditions that every run must meet. */
  async function disturbed(
    variant: Variant,
    copy: Copy,
    random: RandomBytes,
  ): Promise<{ code: number; kill: boolean }> {
    const port = freePort();
    await using proxy = startFaultProxy(port, randomFaults(random));
    const through = variant.direction === "local"
      ? []
      : ["--escp-port", `${port}`, "--data-address", `127.0.0.1:${proxy.port}`];
    const patience = ["--timeout", "2", "--retries", `${random.below(3)}`];
    const [kill, delayMs] = [random.below(3) < 2, random.below(1500)];
    const who = KILLS[random.below(KILLS.length)];
    await using running = await scene.start(variant, { ...copy, flags: [...copy.flags!, ...through, ...patience] });
    let struck = Promise.resolve();
    const strike = kill ? setTimeout(() => struck = hit(running, who), delayMs) : undefined;
    const { code, stderr, leftBehind } = await running.result;
    clearTimeout(strike);
    await struck;
    // A signal before escp listens for it has its default disposition.
    assert([0, 1, 129, 130, 137, 143, 255].includes(code), `status ${code}: ${stderr}`);
    assert(!/bug in escp|^\s+at /m.test(stderr), stderr);
    await waitForNoProcess(leftBehind);
    await scene.sshd.waitForNoSession();
    return { code, kill };
  }

  async function hit(running: RunningEscp, who: typeof KILLS[number]): Promise<void> {
    if (who === "remote") return await killOthers(scene, running, /--receiver/);
    if (who === "ssh") return await killOthers(scene, running, /^\S*ssh /);
    try {
      running.kill(who === "client" ? "SIGKILL" : who);
    } catch {
      // The client has exited.
    }
  }
});

/** Compares the trees. A killed process may have left temporary files of small files. */
async function differences(from: string, to: string, killed: boolean): Promise<string[]> {
  const all = await compareTrees(from, to);
  return killed ? all.filter((line) => !/\.escp-[^/]*\.part: not expected/.test(line)) : all;
}

function tree(random: RandomBytes, seed: number): TreeEntries {
  const shape = { files: 10 + random.below(200), directories: 1 + random.below(20), maxBytes: MIB, seed };
  const large = Array.from({ length: random.below(4) }, (_, index): [string, { size: number }] => {
    return [`large ${index}`, { size: MIB + random.below(24 * MIB) }];
  });
  return { ...randomTree(shape), ...Object.fromEntries(large) };
}

/** Returns other contents for some files of the source. */
function oldVersions(from: string, random: RandomBytes): TreeEntries {
  const names = [...Deno.readDirSync(from)].filter(({ isFile }) => isFile).map(({ name }) => name).sort();
  return Object.fromEntries(
    names.filter(() => random.below(2) === 0).map((name) => [name, { size: random.below(5000), seed: `old ${name}` }]),
  );
}

function options(random: RandomBytes): string[] {
  const flags = [["-p"], ["-C"], ["--sparse"], ["-l", "400000"], ["-u"], ["--no-resume"], ["--blocksize", "64K"]];
  return flags.filter(() => random.below(4) === 0).flat();
}
