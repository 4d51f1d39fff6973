/** Large files of a receiver that shards write together. */

import { FileError, ProtocolError } from "../../errors.ts";
import type { Partial, PartialFileWriter } from "../../files/engine/partial_file.ts";
import type { TargetRoot } from "../../files/engine/target_root.ts";
import { sharedPartialName } from "../../files/path/shared_partial_name.ts";
import { splitTarget } from "../../files/target/name.ts";
import type { MessageOf } from "../../protocol/control/messages.ts";
import type { SummedRange } from "../../protocol/data/range_sums.ts";
import { encodeName } from "../../protocol/names.ts";
import { splitSource } from "../shard_sums.ts";
import type { ReceiveOptions } from "./receive_options.ts";

type Opened = MessageOf<"open">;

/** Options, roots and writer of the receiver. */
export interface ShardFilesHost {
  readonly options: Pick<ReceiveOptions, "job" | "shards">;
  readonly roots: readonly TargetRoot[];
  readonly writer: PartialFileWriter;
}

/** Checks, names and sums of split files. */
export class ShardFiles {
  readonly #host: ShardFilesHost;

  constructor(host: ShardFilesHost) {
    this.#host = host;
  }

  /** Checks that the job has the kind of file that is announced. @throws {ProtocolError} */
  checkPart({ range, joined, input, size, version }: Opened): void {
    if (!range && !joined) return;
    const { shard, dummy } = this.#host.options.job;
    const isAllowed = shard?.splitBytes !== undefined && !dummy && !input && version !== undefined &&
      (shard.index === undefined ? !range : !joined);
    if (isAllowed && (!range || range.end <= size)) return;
    throw new ProtocolError("bad-order", "Cannot open a part of a file that this job does not have");
  }

  /** Returns the name of the partial file. */
  nameOf({ root, path, size, attributes: { mtime, mtimeNs } }: Opened): string {
    const { count, splitBytes } = this.#host.options.job.shard!;
    const { name } = splitTarget(this.#host.roots[root], path);
    return sharedPartialName({ name: encodeName(name), size, mtime, mtimeNs, count, splitBytes: splitBytes! });
  }

  /** Compares the source of a file with that of the shards, if this end has their reports. @throws {FileError} */
  check(message: Opened): void {
    this.#throwProblem(message.path, this.#host.options.shards?.problemOf(splitSource(message)));
  }

  /** Reads a file that shards have written. @returns its CRC-32. @throws {FileError} also if it is not what they wrote. */
  async sum(partial: Partial, { path, size }: Pick<Opened, "path" | "size">, pause: () => void | Promise<void>) {
    const { sumRange } = await import("../../files/target/content_digest.ts");
    const reader = this.#host.writer.read(partial);
    try {
      const sum = await sumRange(reader, 0, size, pause, { sha256: false });
      if (!sum) throw new FileError("finish", reader.path, "the partial file is shorter than the source");
      this.#throwProblem(reader.path, this.#host.options.shards?.problemOfSum(path, sum.crc32));
      return sum.crc32;
    } finally {
      reader.close();
    }
  }

  /** Reports a range in place. */
  written(message: Opened, range: SummedRange): void {
    this.#host.options.shards?.written({ ...splitSource(message), ...range });
  }

  /** Reports a file in place. */
  joined(path: string): void {
    this.#host.options.shards?.joined(path);
  }

  #throwProblem(path: string, problem: string | undefined): void {
    if (problem === undefined) return;
    throw new FileError("finish", path, problem, { hint: "Run all shards again, then finish the copy" });
  }
}
