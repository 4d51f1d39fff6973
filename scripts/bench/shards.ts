/**
 * Prints the tables of shards/SHARDS.md: `deno run -A scripts/bench/shards.ts [--files 100000000] [--seeds 5]`. All figures
 * are simulated or computed, with fixed seeds. 100 million files take about ten minutes.
 */

import { parseArgs } from "node:util";
import { formatRows } from "./model/report.ts";
import { type Balance, simulateBalance } from "./shards/balance.ts";
import { DEFAULT_MAX_STARTUPS, type MaxStartups, simultaneousLogins } from "./shards/logins.ts";
import { countOperations } from "./shards/metadata.ts";

const PETABYTE = 1e15;
const GIB = 2 ** 30;
const SHARDS = 16;
const SPLITS = [Infinity, 16 * GIB, GIB];
/** A hundred files per directory, as many trees of scientific data have. */
const FILES_PER_DIRECTORY = 100;
const NAME_BYTES = 24;
const LOGINS = [4, 8, 10, 12, 16, 32, 64, 128];
const RAISED: MaxStartups = { start: 200, rate: 30, full: 400 };

function main(args: string[]): void {
  const { values } = parseArgs({
    args,
    options: { files: { type: "string", default: "100000000" }, seeds: { type: "string", default: "5" } },
  });
  const files = Number(values.files);
  console.log(formatRows(operationRows(files)) + "\n");
  console.log(formatRows(loginRows()) + "\n");
  console.log(formatRows(balanceRows(files, Number(values.seeds))));
}

function operationRows(files: number): string[][] {
  const counts = countOperations({ files, directories: files / FILES_PER_DIRECTORY, nameBytes: NAME_BYTES }, SHARDS);
  const millions = (count: number) => `${(count / 1e6).toLocaleString("en-US")} million`;
  return [
    ["operation of all shards", "number"],
    ["names listed", millions(counts.listedNames)],
    ["directories opened", millions(counts.openedDirectories)],
    ["calls of getdents64", millions(counts.listCalls)],
    ["files examined, `--shard-split 0`", millions(counts.examined)],
    ["files examined, files over a limit split", millions(counts.examinedByAll)],
  ];
}

function loginRows(): string[][] {
  const percent = (part: number) => part < 1e-4 ? "< 0.01 %" : `${Number((100 * part).toPrecision(2))} %`;
  return [
    ["logins at once", "all accepted, 10:30:100", "refused", `all accepted, ${Object.values(RAISED).join(":")}`],
    ...LOGINS.map((count) => {
      const { allAccepted, refused } = simultaneousLogins(count, DEFAULT_MAX_STARTUPS);
      return [
        `${count}`,
        percent(allAccepted),
        refused.toFixed(1),
        percent(simultaneousLogins(count, RAISED).allAccepted),
      ];
    }),
  ];
}

function balanceRows(files: number, seeds: number): string[][] {
  const rows = [[
    "sigma",
    "ranges of",
    "pieces",
    "largest file",
    "most files",
    "most bytes",
    "least bytes",
    "in split files",
  ]];
  for (const sigma of [2, 3]) {
    const runs = Array.from(
      { length: seeds },
      (_, seed) => simulateBalance({ files, bytes: PETABYTE, sigma, seed }, SHARDS, SPLITS),
    );
    for (const [at, split] of SPLITS.entries()) {
      const range = (of: (balance: Balance) => number, digits: number) => {
        const values = runs.map((run) => of(run[at]));
        const [least, most] = [Math.min(...values).toFixed(digits), Math.max(...values).toFixed(digits)];
        return least === most ? least : `${least} to ${most}`;
      };
      rows.push([
        `${sigma}`,
        split === Infinity ? "-" : `${split / GIB} GiB`,
        `${range(({ pieces }) => pieces / 1e6, 1)} million`,
        `${range(({ largestFile }) => largestFile / 1e9, 0)} GB`,
        range(({ mostPieces }) => mostPieces, 4),
        range(({ mostBytes }) => mostBytes, 3),
        range(({ leastBytes }) => leastBytes, 3),
        `${range(({ splitBytes }) => 100 * splitBytes, 0)} %`,
      ]);
    }
  }
  return rows;
}

if (import.meta.main) main(Deno.args);
