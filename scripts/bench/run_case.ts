/** Runs one case of the benchmark with all contenders in turn. */

import { compareTrees } from "../../tests/support/files/compare_trees.ts";
import { allocatedBytes } from "../../tests/support/files/holes.ts";
import type { Sshd } from "../../tests/support/hosts/sshd.ts";
import { removeTree } from "../../tests/support/files/temp.ts";
import { exists } from "@std/fs/exists";
import { isInstalled } from "../is_installed.ts";
import type { BenchCase } from "./cases.ts";
import { type Contender, type CopyPlaces, sourcePath } from "./contenders.ts";
import { type Measure, measure } from "./measure.ts";
import { type CaseNetwork, openNetwork } from "./case_network.ts";
import { type ServeHost, startServeHost } from "./serve_host.ts";
import type { Result } from "./table.ts";

const TIME = "/usr/bin/time";

/** Settings of all cases. */
export interface BenchRun {
  sshd: Sshd;
  /** Directory of the data to copy. */
  source: string;
  target: string;
  /** Absolute path of the executable. */
  escp: string;
  /** Path of the libcrypto for both ends. Default: that of the system. */
  libcrypto?: string;
  rounds: number;
  timeoutSeconds: number;
}

/** A contender with its data. */
interface Entrant {
  contender: Contender;
  places: CopyPlaces;
  command: string[];
  /** Path of the older version that the target has before each run; undefined if none. */
  old?: string;
  result: Result;
}

/**
 * Makes the data, runs all rounds, and removes the data. The first round is not timed: it checks each copy and measures
 * memory.
 */
export async function runCase(item: BenchCase, run: BenchRun): Promise<Result[]> {
  await using network = await openNetwork(item, run.sshd);
  await using serve = item.serves ? await startServer(run) : undefined;
  const entrants = item.contenders.map((contender) => enter(item, contender, run, { network, serve }));
  try {
    for (const { contender, places, old } of entrants) {
      await item.create(sourcePath(places), contender.shrunk ?? 1);
      if (old !== undefined && !await exists(old)) await item.createOld?.(sourcePath(places), old);
    }
    if (item.unchanged) await copyWithTimes(entrants[0].places);
    for (let round = 0; round <= (item.memoryOnly ? 0 : run.rounds); round++) {
      for (const entrant of entrants) {
        const { contender, result } = entrant;
        if (result.failure || round > (contender.maxRounds ?? Infinity)) continue;
        try {
          if (round === 0) await check(item, entrant, run);
          else result.rounds.push(await runOnce(entrant, run));
        } catch (error) {
          result.failure = error instanceof Error ? error.message : `${error}`;
        }
        if (!item.unchanged) await removeTree(run.target);
      }
    }
    return entrants.map(({ result }) => result);
  } finally {
    await removeTree(run.target);
    for (const { places, old } of entrants) {
      await removeTree(sourcePath(places));
      if (old !== undefined) await removeTree(old);
    }
  }
}

function startServer({ escp, target, sshd, libcrypto = "" }: BenchRun): Promise<ServeHost> {
  const root = target.slice(0, target.lastIndexOf("/"));
  return startServeHost({ escp, root, home: sshd.home, env: { HOME: sshd.home, ESCP_LIBCRYPTO: libcrypto } });
}

function enter(
  item: BenchCase,
  contender: Contender,
  run: BenchRun,
  { network, serve }: { network: CaseNetwork; serve?: ServeHost },
): Entrant {
  const { name, shrunk } = contender;
  const places = {
    entry: shrunk ? `${item.entry}-${shrunk}` : item.entry,
    direction: item.direction,
    recursive: item.files > 1,
    source: run.source,
    target: run.target,
    sshConfig: network.sshConfig,
    port: run.sshd.port,
    escp: run.escp,
    dataOptions: network.dataOptions,
    libcrypto: run.libcrypto,
    serve,
  };
  return {
    contender,
    places,
    command: contender.command(places),
    old: item.createOld && `${sourcePath(places)}.old`,
    result: { contender: name, shrunk, rounds: [], memory: {} },
  };
}

async function copyWithTimes({ source, target, entry }: CopyPlaces): Promise<void> {
  await Deno.mkdir(target);
  const { success } = await new Deno.Command("cp", { args: ["-a", `${source}/${entry}`, target] }).output();
  if (!success) throw new Error(`Cannot copy ${entry} with its times`);
}

/** @param prefixes words before the command of each end. */
async function runOnce(
  { contender, command, places, old }: Entrant,
  run: BenchRun,
  prefixes: { local: string; remote: string } = { local: "", remote: "" },
): Promise<Measure> {
  const { sshd } = run;
  await Deno.mkdir(run.target, { recursive: true });
  if (old !== undefined) await placeOld(old, `${run.target}/${places.entry}`);
  const engine = contender.engine ? `export ESCP_ENGINE=${contender.engine}\n` : "";
  // Empty means the library of the system, even if the user's environment names another one.
  const libcrypto = run.libcrypto ?? "";
  const script =
    `#!/bin/sh\nexport ESCP_LIBCRYPTO='${libcrypto}'\n${engine}exec ${prefixes.remote} '${run.escp}' "$@"\n`;
  await Deno.writeTextFile(`${sshd.binDirectory}/escp`, script);
  await Deno.chmod(`${sshd.binDirectory}/escp`, 0o755);
  const env = {
    HOME: sshd.home,
    XDG_STATE_HOME: `${sshd.home}/.local/state`,
    SSH_AUTH_SOCK: "",
    ESCP_LIBCRYPTO: libcrypto,
  };
  const all = [...prefixes.local.split(" ").filter(Boolean), ...command];
  return await measure(all, {
    serverPid: sshd.pid,
    servePid: places.serve?.pid,
    env,
    timeoutSeconds: run.timeoutSeconds,
  });
}

/** Copies the older version to the target and to its disk, where a version that is not new would be. */
async function placeOld(old: string, path: string): Promise<void> {
  await Deno.copyFile(old, path);
  using file = await Deno.open(path);
  await file.sync();
}

/** Runs once without timing and checks the copy. Records the peak memory of each end if GNU time is installed. */
async function check(item: BenchCase, entrant: Entrant, run: BenchRun): Promise<void> {
  const { contender: { program, shrunk }, places: { source, target, entry }, result } = entrant;
  if (program !== "escp" && !await isInstalled(program)) throw new Error(`${program} is not installed`);
  const withTime = await exists(TIME);
  const [local, remote] = [`${run.sshd.home}/memory-local`, `${run.sshd.home}/memory-remote`];
  const prefix = (file: string) => withTime ? `${TIME} -f %M -o ${file}` : "";
  const measured = await runOnce(entrant, run, { local: prefix(local), remote: prefix(remote) });
  if (item.memoryOnly) result.rounds.push(measured);
  const [expected, actual] = [`${source}/${entry}`, `${target}/${entry}`];
  const difference = item.compare && !shrunk
    ? await item.compare(expected, actual)
    : (await compareTrees(expected, actual))[0];
  if (difference) throw new Error(`wrong copy: ${difference}`);
  result.memory = { local: await readKilobytes(local), remote: await readKilobytes(remote) };
  if (item.files === 1) result.allocated = { source: allocatedBytes(expected), target: allocatedBytes(actual) };
  for (const file of [local, remote]) await removeTree(file);
}

/** Reads the output of GNU time, a number of KiB. @returns bytes; undefined if the file is missing. */
async function readKilobytes(file: string): Promise<number | undefined> {
  const text = await Deno.readTextFile(file).catch(() => "");
  return text.trim() ? Number(text) * 1024 : undefined;
}
