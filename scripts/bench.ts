/**
 * Compares escp with scp, rsync, tar and cp over a private ssh server on loopback. In each round every contender runs once, so
 * that changes of the machine's load affect all of them. A first round without timing checks each copy and measures memory.
 *
 *     deno task bench [--rounds 5] [--case NAME]... [--size 2G] [--directory DIR] [--escp dist/escp] [--json FILE] [--timeout 300]
 *                     [--report FILE.html]
 *                     [--with syq=PATH,esnet=PATH,wdt=PATH] [--openssl DIR]
 *
 * Cases that need much time or space run only if they are named: delta-blocks, delta-blocks-slow, delta-inserted,
 * delta-inserted-slow, growth-bytes, growth-files, million-files, million-mirror, report-large, report-small, serve-big,
 * serve-small, unchanged-100000, unchanged-200000.
 */

import { parseArgs } from "node:util";
import { startSshd } from "../tests/support/hosts/sshd.ts";
import { removeTree } from "../tests/support/files/temp.ts";
import { type BenchCase, benchCases } from "./bench/cases.ts";
import { benchmarkPage } from "./bench/benchmark_page.ts";
import { createDataDirectory } from "./bench/data_directory.ts";
import { cpuRatios, formatCpuRatios } from "./bench/cpu_ratio.ts";
import { doublings, formatDoublings } from "./bench/growth.ts";
import { describeMachine } from "./bench/machine.ts";
import { findLibcrypto } from "./bench/openssl.ts";
import { findRivals, parseRivals } from "./bench/rivals.ts";
import { runCase } from "./bench/run_case.ts";
import { parseSize } from "./bench/size.ts";
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
      report: { type: "string" },
      timeout: { type: "string", default: "300" },
      with: { type: "string", multiple: true, default: [] },
      openssl: { type: "string" },
    },
  });
  const { contenders: rivals, skipped } = await findRivals(parseRivals(flags.with));
  const libcrypto = flags.openssl === undefined ? undefined : await findLibcrypto(flags.openssl);
  const cases = selectCases(benchCases(parseSize(flags.size), rivals), flags.case);
  const escp = await Deno.realPath(flags.escp).catch(() => {
    throw new Error(`Cannot find ${flags.escp}: run deno task compile, or select another file with --escp`);
  });
  const startedAt = new Date();
  const machine = await describeMachine(escp, { libcrypto, rivals });

  const directory = await createDataDirectory(Math.max(...cases.map(requiredBytes)), flags.directory);
  try {
    // The usual key exchange: servers of tests have a faster one.
    await using sshd = await startSshd({ escp: false, serverConfig: ["KexAlgorithms +curve25519-sha256"] });
    const run = {
      sshd,
      source: `${directory}/source`,
      target: `${directory}/target`,
      escp,
      libcrypto,
      rounds: Number(flags.rounds),
      timeoutSeconds: Number(flags.timeout),
    };
    console.log(Object.entries(machine).map(([name, value]) => `- ${name}: ${value}`).join("\n"));
    for (const { name, reason } of skipped) console.log(`- skipped: ${name}, ${reason}`);
    console.log(`- data: in ${directory}, ${run.rounds} rounds\n`);
    await Deno.mkdir(run.source);
    const finished: CaseResults[] = [];
    for (const item of cases) {
      const results = await runCase(item, run);
      finished.push({ item, results });
      console.log(formatTable({ item, results }) + "\n");
      // After each case, so that an interrupted run keeps its results.
      if (flags.json) await writeJson(flags.json, { machine, rounds: run.rounds }, finished);
      if (flags.report) await Deno.writeTextFile(flags.report, benchmarkPage(finished, { machine, startedAt }));
    }
    const growth = doublings(finished);
    if (growth.length > 0) console.log(formatDoublings(growth));
    const ratios = cpuRatios(finished);
    if (ratios.length > 0) console.log(formatCpuRatios(ratios));
    const failed = finished.some(({ results }) =>
      results.some((result) => result.contender.startsWith("escp") && result.failure)
    );
    return failed ? 1 : 0;
  } finally {
    await removeTree(directory);
  }
}

/** Returns the named cases, or all usual ones. @throws {Error} For an unknown name. */
function selectCases(all: BenchCase[], names: string[]): BenchCase[] {
  const known = new Set(all.map(({ name }) => name));
  const unknown = names.find((name) => !known.has(name));
  if (unknown !== undefined) throw new Error(`Unknown case ${unknown}: use ${[...known].join(", ")}`);
  return all.filter(({ name, onlyByName }) => names.length > 0 ? names.includes(name) : !onlyByName);
}

/** Returns the space for source and target, with a page for each file and a reserve. */
function requiredBytes({ bytes, files, name }: BenchCase): number {
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
  const [growth, cpu] = [doublings(finished), cpuRatios(finished)].map((list) => list.length > 0 ? list : undefined);
  const all = { date: new Date().toISOString(), ...about, cases, growth, cpuRatios: cpu };
  await Deno.writeTextFile(path, JSON.stringify(all, null, 2) + "\n");
}

Deno.exit(await bench(Deno.args));
