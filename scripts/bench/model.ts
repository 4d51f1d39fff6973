/**
 * Predicts the speed of escp from the costs of its stages, which it measures on this machine, and by a simulation: for two
 * cores, and for machines with 100 and 400 Gbit/s. Linux. `--check` compares with real copies through a private ssh server.
 *
 *     deno run -A scripts/bench/model.ts [--rounds 5] [--disk DIR] [--start SECONDS] [--json FILE] [--from FILE]
 *     deno run -A scripts/bench/model.ts --check --escp dist/escp
 */

import { parseArgs } from "node:util";
import { MAX_STREAMS } from "../../src/protocol/limits.ts";
import { removeTree } from "../../tests/support/files/temp.ts";
import { createDataDirectory } from "./data_directory.ts";
import { describeMachine, type Machine } from "./machine.ts";
import type { Measure } from "./measure.ts";
import { modelCases, predict, type SessionStart, USUAL_SIZES, withAnnouncements } from "./model/cases.ts";
import { check, type CheckedRound } from "./model/check.ts";
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
/** Bytes of the large file, and number of small files, of a measurement: as many files as in the case, with its compilation. */
const MEASURED = { bytes: 512 << 20, files: 20_000 };
/** Sources and targets of the measurement and of the copies. */
const SPACE_BYTES = 10 * 2 ** 30;

/** Everything that was measured. */
interface Measured {
  date: string;
  machine: Machine;
  costs: Costs[];
  rounds?: CheckedRound[];
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
      const checked = await check({ ...options, escp, rounds, sizes: USUAL_SIZES, timeoutSeconds });
      return { date, machine, costs: checked.map(({ costs }) => costs), rounds: checked };
    }
    const machine = await describeMachine(flags.escp);
    const costs: Costs[] = [];
    for (let round = 0; round < rounds; round++) costs.push(await measureCosts(options));
    return { date, machine, costs };
  } finally {
    await removeTree(directory);
  }
}

function printTwoCores({ costs: all, rounds }: Measured, withoutCheck: SessionStart): void {
  const cases = modelCases(USUAL_SIZES);
  const costs = medianOf(all);
  if (!rounds) {
    console.log(formatBlocks(costs) + "\n\n" + formatFiles(costs) + "\n");
    const predictions = cases.map((item) => ({ item, prediction: predict(item, costs, CORES, withoutCheck) }));
    console.log(formatPredictions(predictions) + "\n");
    return;
  }
  const calibrated = rounds.map(({ announced: { costs, measured }, start }) =>
    withAnnouncements(costs, startOf(start), measured.cpuSeconds).largeFiles
  );
  const largeFiles = medianOf(calibrated);
  console.log(formatBlocks(costs) + "\n\n" + formatFiles({ ...costs, largeFiles }) + "\n");
  const checked = cases.map((item) => ({
    item,
    predictions: rounds.map(({ start, copies }, round) =>
      predict(item, { ...copies[item.name].costs, largeFiles: calibrated[round] }, CORES, startOf(start))
    ),
    measured: rounds.map(({ copies }) => copies[item.name].measured),
  }));
  console.log(`start of a session: ${medianOf(rounds.map(({ start }) => start.wallSeconds)).toFixed(2)} s\n`);
  console.log(formatCheck(checked) + "\n");
}

/** Returns the start of a session from a copy of 1 KiB. */
function startOf({ wallSeconds, cpuSeconds }: Measure): SessionStart {
  return { seconds: wallSeconds, cpuSeconds };
}

function printLargeMachines(costs: Costs): void {
  const predicted = scenarios().map((scenario) => ({ scenario, prediction: predictLarge(costs, scenario)! }));
  console.log(formatScenarios(predicted) + "\n");
  console.log(formatMeasuredTechniques(costs) + "\n");
  const opening = MAX_STREAMS * costs.techniques.connection * 1000;
  console.log(`opening ${MAX_STREAMS} connections with one accept loop: ${opening.toFixed(0)} ms\n`);
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
