/** Runs real copies of the cases through a private ssh server, in turn with the measurement of the costs. */

import { startSshd } from "../../../tests/support/hosts/sshd.ts";
import { removeTree } from "../../../tests/support/files/temp.ts";
import { escp } from "../contenders.ts";
import { createRandomFile, createSizedFiles, logNormalSizes } from "../data.ts";
import { type Measure, measure } from "../measure.ts";
import { announcedFiles, type CaseSizes, modelCases, SMALL_BYTES } from "./cases.ts";
import { type Costs, medianOf } from "./costs.ts";
import { measureCosts, type MeasureOptions, measureParts } from "./measure_costs.ts";

export interface CheckOptions extends MeasureOptions {
  /** Absolute path of the executable. */
  escp: string;
  rounds: number;
  sizes: CaseSizes;
  timeoutSeconds: number;
}

/** A copy, and the costs directly before and after it: the mean of both. */
export interface CheckedCopy {
  costs: Costs;
  measured: Measure;
}

/** Results of one round. */
export interface CheckedRound {
  costs: Costs;
  /** A copy of 1 KiB. */
  start: Measure;
  /** The copy of `announcedFiles`. */
  announced: CheckedCopy;
  /** By the name of the case. */
  copies: Record<string, CheckedCopy>;
}

/** Measures costs and copies in turn, so that changes of the machine's load affect both. */
export async function check(options: CheckOptions): Promise<CheckedRound[]> {
  const { directory, sizes } = options;
  const cases = modelCases(sizes);
  const source = `${directory}/source`;
  await Deno.mkdir(source);
  await createRandomFile(`${source}/one`, 1024);
  await createRandomFile(`${source}/big-push`, sizes.bigBytes);
  await createSizedFiles(`${source}/many-files`, new Array(sizes.smallFiles).fill(SMALL_BYTES));
  await createSizedFiles(`${source}/log-normal`, logNormalSizes(sizes.mixedFiles, sizes.mixedBytes));
  await createSizedFiles(`${source}/announced`, announcedFiles());
  // The usual key exchange: servers of tests have a faster one.
  await using sshd = await startSshd({ escp: false, serverConfig: ["KexAlgorithms +curve25519-sha256"] });
  await Deno.writeTextFile(`${sshd.binDirectory}/escp`, `#!/bin/sh\nexec '${options.escp}' "$@"\n`);
  await Deno.chmod(`${sshd.binDirectory}/escp`, 0o755);
  const copy = async (entry: string, recursive: boolean): Promise<Measure> => {
    const target = `${directory}/target`;
    await Deno.mkdir(target);
    try {
      const command = escp().command({
        entry,
        direction: "push",
        recursive,
        source,
        target,
        sshConfig: sshd.configPath,
        port: sshd.port,
        escp: options.escp,
        dataOptions: [],
      });
      const env = { HOME: sshd.home, XDG_STATE_HOME: `${sshd.home}/.local/state`, SSH_AUTH_SOCK: "" };
      return await measure(command, { serverPid: sshd.pid, env, timeoutSeconds: options.timeoutSeconds });
    } finally {
      await removeTree(target);
    }
  };
  const checked: CheckedRound[] = [];
  // Copies without a measurement load everything into memory.
  for (const entry of ["one", "many-files", "log-normal"]) await copy(entry, entry !== "one");
  for (let round = 0; round < options.rounds; round++) {
    const costs = await measureCosts(options);
    const start = await copy("one", false);
    const checkCopy = async (entry: string, parts: { hasBlocks: boolean; hasPacks: boolean }): Promise<CheckedCopy> => {
      const before = await measureParts(options, parts);
      const measured = await copy(entry, entry !== "big-push");
      const after = await measureParts(options, parts);
      // The median of two values is their mean.
      const { blocks, packs = costs.packs } = medianOf([before, after]);
      return { costs: { ...costs, blocks: { ...costs.blocks, ...blocks }, packs }, measured };
    };
    const announced = await checkCopy("announced", { hasBlocks: true, hasPacks: false });
    const copies: Record<string, CheckedCopy> = {};
    for (const { name } of cases) {
      copies[name] = await checkCopy(name, { hasBlocks: name !== "many-files", hasPacks: name !== "big-push" });
    }
    checked.push({ costs, start, announced, copies });
  }
  return checked;
}
