/** Runs real copies of the cases through a private ssh server, in turn with the measurement of the costs. */

import { startSshd } from "../../../tests/support/hosts/sshd.ts";
import { removeTree } from "../../../tests/support/files/temp.ts";
import { escp } from "../contenders.ts";
import { createRandomFile, createSizedFiles, logNormalSizes } from "../data.ts";
import { type Measure, measure } from "../measure.ts";
import { announcedFiles, type CaseSizes, type ModelCase, modelCases, SMALL_BYTES } from "./cases.ts";
import type { Costs } from "./costs.ts";
import { measureCosts, type MeasureOptions } from "./measure_costs.ts";

export interface CheckOptions extends MeasureOptions {
  /** Absolute path of the executable. */
  escp: string;
  rounds: number;
  sizes: CaseSizes;
  timeoutSeconds: number;
}

/** Results of all rounds. */
export interface Checked {
  costs: Costs[];
  /** Copies of 1 KiB. */
  starts: Measure[];
  /** Copies of `announcedFiles`. */
  announced: Measure[];
  copies: Record<string, Measure[]>;
}

/** Measures costs and copies in turn, so that changes of the machine's load affect both. */
export async function check(options: CheckOptions): Promise<Checked> {
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
        escp: options.escp,
        dataOptions: [],
      });
      const env = { HOME: sshd.home, XDG_STATE_HOME: `${sshd.home}/.local/state`, SSH_AUTH_SOCK: "" };
      return await measure(command, { serverPid: sshd.pid, env, timeoutSeconds: options.timeoutSeconds });
    } finally {
      await removeTree(target);
    }
  };
  const checked: Checked = { costs: [], starts: [], announced: [], copies: {} };
  // The first round is not counted: it loads everything into memory.
  for (let round = 0; round <= options.rounds; round++) {
    const costs = await measureCosts(options);
    const start = await copy("one", false);
    const announced = await copy("announced", true);
    const copies: [ModelCase, Measure][] = [];
    for (const item of cases) copies.push([item, await copy(item.name, item.name !== "big-push")]);
    if (round === 0) continue;
    checked.costs.push(costs);
    checked.starts.push(start);
    checked.announced.push(announced);
    for (const [{ name }, measured] of copies) (checked.copies[name] ??= []).push(measured);
  }
  return checked;
}
