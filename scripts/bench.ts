/**
 * Measures escp against scp, rsync, tar and cp over an ssh server of its own on loopback. In each round every contender runs
 * once, one after the other, so that a change of the machine's mood meets all of them. A first round that is not timed checks
 * that each copy is right and measures memory.
 *
 *     deno task bench [--rounds 5] [--case NAME]... [--size 2G] [--escp dist/escp] [--json FILE] [--timeout 300]
 */

import { parseArgs } from "node:util";
import { compareTrees } from "../tests/support/compare_trees.ts";
import { type Sshd, startSshd } from "../tests/support/sshd.ts";
import { removeTree } from "../tests/support/temp.ts";
import { type BenchCase, benchCases, parseSize } from "./bench/cases.ts";
import { type BenchPlaces, type Contender, CONTENDERS } from "./bench/contenders.ts";
import { createDataFolder } from "./bench/data_folder.ts";
import { describeMachine } from "./bench/machine.ts";
import { type Measure, measure } from "./bench/measure.ts";
import { type CaseResults, formatTable, medianWall, type Result } from "./bench/table.ts";
import { exists } from "./exists.ts";

const TIME = "/usr/bin/time";

interface BenchRun {
  sshd: Sshd;
  places: BenchPlaces;
  rounds: number;
  timeoutSeconds: number;
}

async function bench(args: string[]): Promise<number> {
  const { values: flags } = parseArgs({
    args,
    options: {
      rounds: { type: "string", default: "5" },
      case: { type: "string", multiple: true, default: [] },
      size: { type: "string", default: "2G" },
      escp: { type: "string", default: "dist/escp" },
      json: { type: "string" },
      timeout: { type: "string", default: "300" },
    },
  });
  const bigBytes = parseSize(flags.size);
  const all = benchCases(bigBytes);
  const cases = all.filter((item) => flags.case.length === 0 || flags.case.includes(item.name));
  if (cases.length === 0) throw new Error(`No such case; there are ${all.map((item) => item.name).join(", ")}`);
  const escp = await Deno.realPath(flags.escp).catch(() => {
    throw new Error(`No ${flags.escp}: make it with deno task compile, or name another with --escp`);
  });

  const folder = await createDataFolder(bigBytes * 2.5 + 2 ** 30);
  try {
    await using sshd = await startSshd({ escp: false });
    const places = { source: `${folder}/source`, target: `${folder}/target`, sshConfig: sshd.configPath, escp };
    const run = { sshd, places, rounds: Number(flags.rounds), timeoutSeconds: Number(flags.timeout) };
    const machine = await describeMachine(escp);
    console.log(Object.entries(machine).map(([name, value]) => `- ${name}: ${value}`).join("\n"));
    console.log(`- data: in ${folder}, ${run.rounds} rounds\n`);
    await Deno.mkdir(places.source);
    const finished: CaseResults[] = [];
    for (const item of cases) {
      const results = await runCase(item, run);
      finished.push({ item, results });
      console.log(formatTable({ item, results }) + "\n");
    }
    if (flags.json) await writeJson(flags.json, { machine, rounds: run.rounds, folder }, finished);
    const failed = finished.some(({ results }) =>
      results.some((result) => result.contender === "escp" && result.failure)
    );
    return failed ? 1 : 0;
  } finally {
    await removeTree(folder);
  }
}

async function runCase(item: BenchCase, run: BenchRun): Promise<Result[]> {
  await item.create(`${run.places.source}/${item.entry}`);
  const entries: { contender: Contender; command: string[]; result: Result }[] = [];
  for (const contender of CONTENDERS) {
    const command = contender.command(item, run.places);
    if (command) entries.push({ contender, command, result: { contender: contender.name, rounds: [], memory: {} } });
  }
  for (let round = 0; round <= run.rounds; round++) {
    for (const { contender, command, result } of entries) {
      if (result.failure) continue;
      try {
        if (round === 0) result.memory = await checkContender(item, contender, command, run);
        else result.rounds.push(await runOnce(contender, command, run));
      } catch (error) {
        result.failure = error instanceof Error ? error.message : `${error}`;
      }
      await removeTree(run.places.target);
    }
  }
  await removeTree(`${run.places.source}/${item.entry}`);
  return entries.map(({ result }) => result);
}

async function runOnce(contender: Contender, command: string[], run: BenchRun, remotePrefix = ""): Promise<Measure> {
  const { sshd, places } = run;
  await Deno.mkdir(places.target);
  const engine = contender.engine ? `export ESCP_ENGINE=${contender.engine}\n` : "";
  await Deno.writeTextFile(
    `${sshd.binFolder}/escp`,
    `#!/bin/sh\n${engine}exec ${remotePrefix} '${places.escp}' "$@"\n`,
  );
  await Deno.chmod(`${sshd.binFolder}/escp`, 0o755);
  const env = { HOME: sshd.home, SSH_AUTH_SOCK: "" };
  return await measure(command, { serverPid: sshd.pid, env, timeoutSeconds: run.timeoutSeconds });
}

/** One run that is not timed: the copy must be right. Returns the peak memory of each end where GNU time is there. */
async function checkContender(
  item: BenchCase,
  contender: Contender,
  command: string[],
  run: BenchRun,
): Promise<Result["memory"]> {
  if (contender.program !== "escp" && !await isInstalled(contender.program)) {
    throw new Error(`${contender.program} is not installed`);
  }
  const { source, target } = run.places;
  const withTime = await exists(TIME);
  const [here, there] = [`${run.sshd.home}/memory-here`, `${run.sshd.home}/memory-there`];
  const prefix = (file: string) => withTime ? [TIME, "-f", "%M", "-o", file] : [];
  await runOnce(contender, [...prefix(here), ...command], run, prefix(there).join(" "));
  const differences = await compareTrees(`${source}/${item.entry}`, `${target}/${item.entry}`);
  if (differences.length > 0) throw new Error(`wrong copy: ${differences[0]}`);
  const memory = { local: await readKilobytes(here), remote: await readKilobytes(there) };
  for (const file of [here, there]) await removeTree(file);
  return memory;
}

async function readKilobytes(file: string): Promise<number | undefined> {
  const text = await Deno.readTextFile(file).catch(() => "");
  return text.trim() ? Number(text) * 1024 : undefined;
}

async function isInstalled(program: string): Promise<boolean> {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) if (await exists(`${folder}/${program}`)) return true;
  return false;
}

async function writeJson(path: string, about: Record<string, unknown>, finished: CaseResults[]): Promise<void> {
  const cases = finished.map(({ item: { name, title, bytes, files }, results }) => ({
    name,
    title,
    bytes,
    files,
    results: results.map((result) => ({ ...result, medianSeconds: medianWall(result) })),
  }));
  await Deno.writeTextFile(path, JSON.stringify({ date: new Date().toISOString(), ...about, cases }, null, 2) + "\n");
}

Deno.exit(await bench(Deno.args));
