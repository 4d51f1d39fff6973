/**
 * Measures escp against scp, rsync, tar and cp over an ssh server of its own on loopback. In each round every contender runs
 * once, one after the other, so that a change of the machine's mood meets all of them. A first round that is not timed checks
 * that each copy is right and measures memory.
 *
 *     deno task bench [--rounds 5] [--case NAME]... [--size 2G] [--directory DIR] [--escp dist/escp] [--json FILE] [--timeout 300]
 *
 * Cases that take long, or much room, run only when they are named: growth-bytes, growth-files, million-files.
 */

import { parseArgs } from "node:util";
import { startSshd } from "../tests/support/sshd.ts";
import { removeTree } from "../tests/support/temp.ts";
import { type BenchCase, benchCases, parseSize } from "./bench/cases.ts";
import { createDataDirectory } from "./bench/data_directory.ts";
import { doublings, formatDoublings } from "./bench/growth.ts";
import { describeMachine } from "./bench/machine.ts";
import { runCase } from "./bench/run_case.ts";
import { type CaseResults, formatTable, medianWall } from "./bench/table.ts";

async function bench(args: string[]): Promise<number> {
  const { values: flags } = parseArgs({
    args,
    options: {
      rounds: { type: "string", default: "5" },
      case: { type: "string", multiple: true, default: [] },
      size: { type: "string", default: "2G" },
      directory: { type: "string" },
      escp: { type: "string", default: "dist/escp" },
      json: { type: "string" },
      timeout: { type: "string", default: "300" },
    },
  });
  const cases = chosen(benchCases(parseSize(flags.size)), flags.case);
  const escp = await Deno.realPath(flags.escp).catch(() => {
    throw new Error(`No ${flags.escp}: make it with deno task compile, or name another with --escp`);
  });

  const directory = await createDataDirectory(Math.max(...cases.map(roomFor)), flags.directory);
  try {
    await using sshd = await startSshd({ escp: false });
    const run = {
      sshd,
      source: `${directory}/source`,
      target: `${directory}/target`,
      escp,
      rounds: Number(flags.rounds),
      timeoutSeconds: Number(flags.timeout),
    };
    const machine = await describeMachine(escp);
    console.log(Object.entries(machine).map(([name, value]) => `- ${name}: ${value}`).join("\n"));
    console.log(`- data: in ${directory}, ${run.rounds} rounds\n`);
    await Deno.mkdir(run.source);
    const finished: CaseResults[] = [];
    for (const item of cases) {
      const results = await runCase(item, run);
      finished.push({ item, results });
      console.log(formatTable({ item, results }) + "\n");
      // After each case, so that a run that is stopped has not been for nothing.
      if (flags.json) await writeJson(flags.json, { machine, rounds: run.rounds }, finished);
    }
    const growth = doublings(finished);
    if (growth.length > 0) console.log(formatDoublings(growth));
    const failed = finished.some(({ results }) =>
      results.some((result) => result.contender.startsWith("escp") && result.failure)
    );
    return failed ? 1 : 0;
  } finally {
    await removeTree(directory);
  }
}

/** @throws {Error} for a name that no case has. */
function chosen(all: BenchCase[], names: string[]): BenchCase[] {
  const known = new Set(all.map(({ name }) => name));
  const unknown = names.find((name) => !known.has(name));
  if (unknown !== undefined) throw new Error(`No case ${unknown}; there are ${[...known].join(", ")}`);
  return all.filter(({ name, onlyByName }) => names.length > 0 ? names.includes(name) : !onlyByName);
}

/** Source and target, with a page for each file, and something to spare. */
function roomFor({ bytes, files, name }: BenchCase): number {
  return (name === "sparse" ? 2 ** 31 : Math.max(bytes, files * 5120) * 2) + 2 ** 29;
}

async function writeJson(path: string, about: Record<string, unknown>, finished: CaseResults[]): Promise<void> {
  const cases = finished.map(({ item: { name, title, bytes, files, link }, results }) => ({
    name,
    title,
    bytes,
    files,
    link,
    results: results.map((result) => ({ ...result, medianSeconds: medianWall(result) })),
  }));
  const growth = doublings(finished);
  const all = { date: new Date().toISOString(), ...about, cases, ...(growth.length > 0 ? { growth } : {}) };
  await Deno.writeTextFile(path, JSON.stringify(all, null, 2) + "\n");
}

Deno.exit(await bench(Deno.args));
