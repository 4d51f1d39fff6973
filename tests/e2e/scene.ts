/** One ssh server for a suite, and the ways in which the suite copies over it. */

import { writeEscpWrapper } from "../support/escp_command.ts";
import { type EscpOptions, type EscpResult, runEscp, type RunningEscp, startEscp } from "../support/escp_command.ts";
import { type Sshd, type SshdOptions, startSshd } from "../support/sshd.ts";
import { createTempDirectory } from "../support/temp.ts";
import { type TreeEntries, writeTree } from "../support/temp_tree.ts";

export type Engine = "native" | "portable";
export type Direction = "push" | "pull" | "local";

/** One way to copy. Both ends have the same engine. */
export interface Way {
  direction: Direction;
  engine: Engine;
  streams: 1 | 4;
}

/** The engines that can be tested here; ESCP_ENGINE picks one of them. */
export const ENGINES: readonly Engine[] = findEngines();
export const DIRECTIONS: readonly Direction[] = ["push", "pull", "local"];

/**
 * Each engine in each direction; streams take turns. With ESCP_TEST_WAYS=turns each direction once, and engines take turns:
 * for a run beside others that have each engine.
 */
export const WAYS: readonly Way[] = Deno.env.get("ESCP_TEST_WAYS") === "turns"
  ? waysInTurn(1)
  : ENGINES.flatMap((engine) =>
    DIRECTIONS.map((direction, index): Way => ({ direction, engine, streams: index % 2 === 0 ? 4 : 1 }))
  );

/** Each engine in each direction with one stream and with several. */
export const ALL_WAYS: readonly Way[] = WAYS.flatMap((
  way,
) => [{ ...way, streams: 1 as const }, { ...way, streams: 4 }]);

/** Each direction once; over several cases each is tried with each engine. */
export function waysInTurn(index: number): Way[] {
  return DIRECTIONS.map((direction, other): Way => ({
    direction,
    engine: ENGINES[(index + other) % ENGINES.length],
    streams: index % 3 === 0 ? 1 : 4,
  }));
}

export function wayName({ direction, engine, streams }: Way): string {
  return `${direction}, ${engine}, ${streams} stream${streams === 1 ? "" : "s"}`;
}

/** What is copied and how. Paths stand without the host. */
export interface Copy extends EscpOptions {
  flags?: string[];
  sources: string[];
  target: string;
}

/** A suite's server. */
export interface Scene extends AsyncDisposable {
  readonly sshd: Sshd;
  /** A fresh directory, seen by both sides under the same path, with this in it. */
  tree(entries?: TreeEntries): Promise<string>;
  /** Copies to the end. */
  copy(way: Way, copy: Copy): Promise<EscpResult>;
  /** The arguments of such a copy. */
  args(way: Way, copy: Copy): string[];
  start(way: Way, copy: Copy): Promise<RunningEscp>;
  /** Cleans; the remote escp is the first one, unless the flags say otherwise. */
  clean(args: string[], options?: EscpOptions & { flags?: string[] }): Promise<EscpResult>;
}

/** Starts it. The remote side has an escp for each engine, and one that is found through PATH. */
export async function startScene(options: SshdOptions = {}): Promise<Scene> {
  const sshd = await startSshd(options);
  const directory = await createTempDirectory();
  let count = 0;
  for (const engine of ENGINES) {
    await Deno.mkdir(`${sshd.binDirectory}/${engine}`);
    // Threads also where escp itself would not take any.
    await writeEscpWrapper(`${sshd.binDirectory}/${engine}`, { engine, cwd: sshd.home, env: { ESCP_THREADS: "2" } });
  }
  const args = (way: Way, { flags = [], sources, target }: Copy): string[] => {
    const host = (side: Direction, path: string) => way.direction === side ? `testhost:${path}` : path;
    // On a busy machine a data port may be slow to answer: that is no reason to go through ssh, and to say so.
    const direct = flags.includes("--tunnel") ? [] : ["--tunnel", "never"];
    const remote = [...sshd.sshOptions, "-D", `${sshd.binDirectory}/${way.engine}/escp`, ...direct];
    return [
      ...(way.direction === "local" ? [] : remote),
      ...["--engine", way.engine, "-t", `${way.streams}`, "--threads", "2"],
      ...flags,
      "--",
      ...sources.map((source) => host("pull", source)),
      host("push", target),
    ];
  };
  return {
    sshd,
    args,
    async tree(entries = {}) {
      const path = `${directory.path}/${count++}`;
      await writeTree(path, entries);
      return path;
    },
    copy: (way, copy) => runEscp(args(way, copy), copy),
    start: (way, copy) => startEscp(args(way, copy), copy),
    clean: (operands, { flags = [], ...options } = {}) =>
      runEscp([...sshd.sshOptions, ...flags, "--clean", ...operands], options),
    async [Symbol.asyncDispose]() {
      await sshd[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

function findEngines(): Engine[] {
  const chosen = Deno.env.get("ESCP_ENGINE");
  if (chosen === "native" || chosen === "portable") return [chosen];
  return Deno.build.os === "linux" ? ["native", "portable"] : ["portable"];
}
