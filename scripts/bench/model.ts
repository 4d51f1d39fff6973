/**
 * Predicts the speed of escp from the costs of its stages, which it measures on this machine, and by a simulation: for two
 * cores, and for machines with 100 and 400 Gbit/s. Linux. `--check` compares with real copies through a private ssh server.
 *
 *     deno run -A scripts/bench/model.ts [--rounds 5] [--disk DIR] [--start SECONDS] [--json FILE] [--from FILE]
 *     deno run -A scripts/bench/model.ts --check --escp dist/escp
 */

import { parseArgs } from "node:util";
import { removeTree } from "../../tests/support/files/temp.ts";
import { createDataDirectory } from "./data_directory.ts";
import { describeMachine, type Machine } from "./machine.ts";
import { median } from "./measure.ts";
import { modelCases, predict, type SessionStart, USUAL_SIZES, withAnnouncements } from "./model/cases.ts";
import { check, type Checked } from "./model/check.ts";
import { type Costs, medianOf } from "./model/costs.ts";
import {
  type LargePrediction,
  predictLarge,
  type Scenario,
  scenarios,
  streamsOf,
  techniques,
} from "./model/large_machines.ts";
import { measureCosts } from "./model/measure_costs.ts";
import {
  formatBlocks,
  formatCheck,
  formatFiles,
  formatMeasuredTechniques,
  formatPredictions,
  formatScenarios,
  formatTechniques,
} from "./model/report.ts";

const CORES = 2;
/** Bytes of the large file, and number of small files, of a measurement. */
const MEASURED = { bytes: 256 << 20, files: 4000 };
const SPACE_BYTES = 8 * 2 ** 30;

/** Everything that was measured. */
interface Measured {
  date: string;
  machine: Machine;
  costs: Costs[];
  check?: Omit<Checked, "costs">;
}

async function main(args: string[]): Promise<void> {
  const { values: flags } = parseArgs({
    args,
    options: {
      rounds: { type: "string", default: "5" },
      check: { type: "boolean", default: false },
      escp: { type: "string", default: "dist/escp" },
      disk: { type: "string" },
      directory: { type: "string" },
      start: { type: "string", default: "0" },
      json: { type: "string" },
      from: { type: "string" },
      timeout: { type: "string", default: "120" },
    },
  });
  const measured: Measured = flags.from === undefined
    ? await measureAll(flags)
    : JSON.parse(await Deno.readTextFile(flags.from));
  if (flags.json) await Deno.writeTextFile(flags.json, JSON.stringify(measured, null, 1) + "\n");
  console.log(Object.entries(measured.machine).map(([name, value]) => `- ${name}: ${value}`).join("\n") + "\n");
  printTwoCores(measured, { seconds: Number(flags.start), cpuSeconds: 0 });
  printLargeMachines(medianOf(measured.costs));
}

interface MeasureFlags {
  rounds: string;
  check: boolean;
  escp: string;
  disk?: string;
  directory?: string;
  timeout: string;
}

async function measureAll(flags: MeasureFlags): Promise<Measured> {
  const directory = await createDataDirectory(SPACE_BYTES, flags.directory);
  const options = { ...MEASURED, directory, disk: flags.disk };
  const rounds = Number(flags.rounds);
  try {
    const date = new Date().toISOString();
    if (flags.check) {
      const escp = await Deno.realPath(flags.escp);
      const machine = await describeMachine(escp);
      const timeoutSeconds = Number(flags.timeout);
      const { costs, ...rest } = await check({ ...options, escp, rounds, sizes: USUAL_SIZES, timeoutSeconds });
      return { date, machine, costs, check: rest };
    }
    const machine = await describeMachine(flags.escp);
    const costs: Costs[] = [];
    for (let round = 0; round < rounds; round++) costs.push(await measureCosts(options));
    return { date, machine, costs };
  } finally {
    await removeTree(directory);
  }
}

function printTwoCores({ costs: all, check }: Measured, withoutCheck: SessionStart): void {
  const cases = modelCases(USUAL_SIZES);
  const costs = medianOf(all);
  if (!check) {
    console.log(formatBlocks(costs) + "\n\n" + formatFiles(costs) + "\n");
    console.log(
      formatPredictions(cases.map((item) => ({ item, prediction: predict(item, costs, CORES, withoutCheck) }))) + "\n",
    );
    return;
  }
  const start = {
    seconds: median(check.starts.map(({ wallSeconds }) => wallSeconds)),
    cpuSeconds: median(check.starts.map(({ cpuSeconds }) => cpuSeconds)),
  };
  const announced = median(check.announced.map(({ cpuSeconds }) => cpuSeconds));
  const calibrated = withAnnouncements(costs, start, announced);
  console.log(formatBlocks(calibrated) + "\n\n" + formatFiles(calibrated) + "\n");
  const checked = cases.map((item) => ({
    item,
    prediction: predict(item, calibrated, CORES, start),
    rounds: all.map((each, round) => {
      const { wallSeconds, cpuSeconds } = check.starts[round];
      const own = { seconds: wallSeconds, cpuSeconds };
      return predict(item, withAnnouncements(each, own, check.announced[round].cpuSeconds), CORES, own);
    }),
    measured: check.copies[item.name],
  }));
  console.log(`start of a session: ${start.seconds.toFixed(2)} s\n`);
  console.log(formatCheck(checked) + "\n");
}

function printLargeMachines(costs: Costs): void {
  const predicted = scenarios().map((scenario) => ({ scenario, prediction: predictLarge(costs, scenario)! }));
  console.log(formatScenarios(predicted) + "\n");
  console.log(formatMeasuredTechniques(costs) + "\n");
  const compared: [string, Scenario][] = [
    ["100 Gbit/s, 32 cores, one file", scenarioOf(100, 32, 1)],
    ["64 files", scenarioOf(100, 32, 64)],
    ["400 Gbit/s, 64 cores, 64 files", scenarioOf(400, 64, 64)],
  ];
  const rows: { name: string; predictions: (LargePrediction | undefined)[] }[] = [
    { name: "escp", predictions: compared.map(([, scenario]) => predictLarge(costs, scenario)) },
    ...techniques().map((technique) => ({
      name: technique.name,
      predictions: compared.map(([, scenario]) => predictLarge(costs, scenario, technique)),
    })),
  ];
  console.log(formatTechniques(compared.map(([title]) => title), rows));
}

function scenarioOf(gigabitsPerSecond: number, cores: number, files: number): Scenario {
  const streams = streamsOf(cores);
  return { gigabitsPerSecond, cores, streams, files, roundTripSeconds: 0.0001, blockBytes: 1 << 20 };
}

if (import.meta.main) await main(Deno.args);
