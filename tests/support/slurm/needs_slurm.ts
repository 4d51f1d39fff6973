/** Suites that need a Slurm cluster. Without one, each case is skipped by name with the reason. */

import { describe } from "../bdd.ts";
import { networksProblem } from "../hosts/network.ts";
import { slurmProblem } from "./cluster.ts";

const problem = networksProblem() ?? await slurmProblem();

/** Registers a suite, like `describe`. If no cluster can be started, its name has the reason and all cases are skipped. */
export function describeWithSlurm(name: string, body: () => void): void {
  if (problem === undefined) describe(name, body);
  else describe(`${name} (skipped: ${problem})`, { ignore: true }, body);
}
