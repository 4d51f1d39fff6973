/** The value of `--shard`: `I/N`, `finish/N` or `auto`. */

import { quotePath, UsageError } from "../../../errors.ts";
import { MAX_SHARDS } from "../../../protocol/control/shard.ts";

/** A shard, or without `index` the run that finishes `count` shards. */
export interface ShardNumber {
  readonly index?: number;
  readonly count: number;
}

type ReadVariable = (name: string) => string | undefined;

/** Schedulers that number processes from 0, in the order in which their variables are read. */
const RANKS = [
  { index: "SLURM_PROCID", count: "SLURM_NTASKS" },
  { index: "OMPI_COMM_WORLD_RANK", count: "OMPI_COMM_WORLD_SIZE" },
  { index: "PMI_RANK", count: "PMI_SIZE" },
  { index: "JOB_COMPLETION_INDEX", count: "JOB_COMPLETIONS", countHint: true },
] as const;

/** Parses the value. @param env reads the variables of schedulers for `auto`. @throws {UsageError} */
export function parseShardNumber(text: string, env: ReadVariable): ShardNumber {
  if (text === "auto") return shardOfScheduler(env);
  const [, index, count] = /^(\d{1,9}|finish)\/(\d{1,9})$/.exec(text) ?? [];
  if (index === undefined) {
    throw new UsageError(`Option "--shard" must be I/N, finish/N or auto, not ${quotePath(text)}`, {
      hint: "The first of four shards is --shard 0/4, the last one --shard 3/4",
    });
  }
  if (index === "finish") return { count: checkedCount(Number(count), quotePath(text)) };
  return checked(Number(index), Number(count), quotePath(text));
}

interface Found {
  readonly shard: ShardNumber;
  /** Name and value of the variables. */
  readonly given: string;
}

/** Returns the shard of all schedulers that have set variables. @throws {UsageError} if they contradict each other. */
function shardOfScheduler(env: ReadVariable): ShardNumber {
  const ranks = RANKS.filter(({ index }) => env(index));
  const array = env("SLURM_ARRAY_TASK_ID") ? shardOfArray(env) : undefined;
  if (!array && ranks.length === 0) {
    const names = ["SLURM_ARRAY_TASK_ID", ...RANKS.map(({ index }) => index)];
    throw new UsageError(`Cannot use "--shard auto": none of ${names.join(", ")} is set`, {
      hint: "Start escp by a scheduler, or write the shard as I/N",
    });
  }
  const found = [...array ? [array] : [], ...ranks.map((rank) => shardOfRank(rank, env))];
  // A launcher of one process divides nothing: it may have started a task of another scheduler.
  const [first = found[0], ...others] = found.filter(({ shard }) => shard.count > 1);
  const other = others.find(({ shard }) => shard.index !== first.shard.index || shard.count !== first.shard.count);
  if (!other) return first.shard;
  throw new UsageError(`Cannot use "--shard auto": ${first.given} contradict ${other.given}`, {
    hint: "Write the shard as I/N, with the variables of the scheduler that starts each process",
  });
}

function shardOfRank(rank: typeof RANKS[number], env: ReadVariable): Found {
  const index = numberOf(rank.index, env)!;
  const count = numberOf(rank.count, env);
  if (count === undefined) {
    throw new UsageError(`Cannot use "--shard auto": ${rank.index} is set, but ${rank.count} is not`, {
      hint: "countHint" in rank
        ? "Kubernetes sets no variable for the number of completions: set JOB_COMPLETIONS in the manifest to spec.completions"
        : undefined,
    });
  }
  const given = `${rank.index}=${index} and ${rank.count}=${count}`;
  return { shard: checked(index, count, given), given };
}

/** Returns the shard of a task of an array, whose numbers may start at any number and have gaps of one size. */
function shardOfArray(env: ReadVariable): Found {
  const id = numberOf("SLURM_ARRAY_TASK_ID", env)!;
  const count = numberOf("SLURM_ARRAY_TASK_COUNT", env);
  if (count === undefined) {
    throw new UsageError('Cannot use "--shard auto": SLURM_ARRAY_TASK_ID is set, but SLURM_ARRAY_TASK_COUNT is not');
  }
  const min = numberOf("SLURM_ARRAY_TASK_MIN", env) ?? 0;
  const step = numberOf("SLURM_ARRAY_TASK_STEP", env) ?? 1;
  const max = numberOf("SLURM_ARRAY_TASK_MAX", env) ?? min + (count - 1) * step;
  const given = `SLURM_ARRAY_TASK_ID=${id}, SLURM_ARRAY_TASK_COUNT=${count}, SLURM_ARRAY_TASK_MIN=${min}, ` +
    `SLURM_ARRAY_TASK_MAX=${max} and SLURM_ARRAY_TASK_STEP=${step}`;
  const index = (id - min) / step;
  if (!Number.isInteger(index) || max - min !== (count - 1) * step) {
    throw new UsageError(`Cannot use "--shard auto" with ${given}: the numbers of the tasks are not evenly spaced`, {
      hint: "Submit the array as --array=0-15 or --array=1-16",
    });
  }
  return {
    shard: checked(index, count, given),
    given: `SLURM_ARRAY_TASK_ID=${id} and SLURM_ARRAY_TASK_COUNT=${count}`,
  };
}

/** Returns the number in a variable; undefined if it is not set. @throws {UsageError} */
function numberOf(name: string, env: ReadVariable): number | undefined {
  const text = env(name);
  if (!text) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new UsageError(`Cannot use "--shard auto": ${name} is ${quotePath(text)}, not a number`);
}

function checked(index: number, count: number, given: string): ShardNumber {
  checkedCount(count, given);
  if (index >= 0 && index < count) return { index, count };
  throw new UsageError(`Cannot use the shard ${given}: of ${count} shards, the numbers are 0 to ${count - 1}`);
}

function checkedCount(count: number, given: string): number {
  if (count >= 1 && count <= MAX_SHARDS) return count;
  throw new UsageError(`Cannot use the shard ${given}: the number of shards must be 1 to ${MAX_SHARDS}`);
}
