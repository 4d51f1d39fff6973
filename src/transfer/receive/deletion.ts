/** Deletes entries of the target that the source lacks, at the end of a copy. */

import { EventLoopYielder } from "../../async/event_loop_yielder.ts";
import type { ExtraOptions, RemovedExtras } from "../../files/engine/directory_writer.ts";
import type { RemovedPlace } from "../../files/engine/target_place.ts";
import type { ReplacedKinds } from "../../files/engine/target_options.ts";
import type { TargetRoot } from "../../files/engine/target_root.ts";
import type { FileIdentity } from "../../files/stat/file_identity.ts";
import { createFilter, type FilterRule, parseFilterRules } from "../../files/walk/filter.ts";
import type { DeletedEntry, MessageOf } from "../../protocol/control/messages.ts";
import { grouped } from "../../protocol/control/texts.ts";
import type { Failure } from "../../protocol/failure.ts";
import { MOST_WAITING } from "../../session/model/control_channel.ts";
import { toFailure } from "../../streams/failure.ts";
import { MessageBatcher } from "../batches.ts";
import { shownPath } from "../send/sources/names.ts";
import { ListedNames } from "./listed_names.ts";
import { noteUser } from "./note_user.ts";
import type { Offer } from "./plan_target.ts";
import type { ReceiveOptions } from "./receive_options.ts";

/** Number of waiting characters above which no more names are sent. A channel with 64 Mi of them breaks. */
const MAX_WAITING = 16 << 20;

/** Calls of a deletion on the target of its copy. */
export interface DeletionTarget {
  removeExtras(options: ExtraOptions): Promise<RemovedExtras>;
}

/** The deletion of one copy. */
export class Deletion {
  /** Number of entries that were deleted, or would be in a dry run. */
  count = 0;
  /** Entries of other kinds that the writers may replace; undefined if none. */
  readonly replaces?: ReplacedKinds;
  readonly #options: ReceiveOptions;
  readonly #sourceNames: readonly string[];
  readonly #sources: FileIdentity[];
  readonly #filters: FilterRule[];
  readonly #names: ListedNames;
  readonly #messages: MessageBatcher<DeletedEntry>;
  readonly #deleted: (path: string) => void;

  /** @param deleted reports an entry on this end. @throws {ProtocolError} for an unusable filter. */
  constructor(
    options: ReceiveOptions,
    { sources, sameHost }: Offer,
    roots: readonly TargetRoot[],
    deleted: (path: string) => void,
  ) {
    const { session: { control }, job } = options;
    const { filters, deletesExcluded } = job;
    this.#options = options;
    this.#sourceNames = sources.map(({ name }) => name);
    this.#sources = sameHost ? sources.map(({ dev, inode }) => ({ dev, inode })) : [];
    this.#names = new ListedNames(roots);
    this.#filters = deletesExcluded ? [] : parseFilterRules(filters);
    this.#messages = new MessageBatcher((entries) => control.send({ type: "deleted", entries }));
    this.#deleted = deleted;
    if (mayReplaceKinds(job, roots)) this.replaces = { filters: this.#filters, sources: this.#sources };
  }

  /** Adds names of a source directory. @throws {ProtocolError} */
  add(message: MessageOf<"names">): void {
    this.#names.add(message);
  }

  /**
   * Deletes the entries, unless something was not copied: its names may be incomplete.
   *
   * @returns failures that are not reported yet.
   */
  async run(target: DeletionTarget, { failed, stopped }: { failed: boolean; stopped?: boolean }): Promise<Failure[]> {
    if (failed || stopped) {
      this.#messages.flush();
      const reason = stopped ? "the copy stopped early" : "some paths failed";
      const none = this.count > 0 ? "nothing else" : "nothing";
      noteUser(this.#options, `${none} was deleted, because ${reason}`);
      return [];
    }
    const { job: { maxDeletions = Infinity, comparison } } = this.#options;
    const yielder = new EventLoopYielder();
    try {
      const result = await target.removeExtras({
        names: this.#names,
        accept: this.#filters.length > 0 ? createFilter(this.#filters) : undefined,
        sources: this.#sources,
        limit: maxDeletions,
        dryRun: comparison?.dryRun ?? false,
        removed: (place) => this.report(place),
        yieldIfDue: () => yielder.yieldIfDue(),
      });
      this.#messages.flush();
      if (result.kept > 0) noteUser(this.#options, noteOfKept(result.kept));
      return failuresOf(result, maxDeletions);
    } finally {
      yielder.close();
    }
  }

  /**
   * Counts and reports an entry that was deleted.
   *
   * @returns a promise to await while the client does not read, so that unsent messages do not fill the memory.
   */
  report({ root, path, isDirectory }: RemovedPlace): Promise<void> | void {
    const { session: { role, control } } = this.#options;
    const shown = shownPath(this.#sourceNames[root], isDirectory ? `${path}/` : path);
    this.count++;
    this.#deleted(shown);
    // A directory that a file replaces is removed at once. Its entries count, even if the client does not read all names.
    if (role === "client" || control.waiting > MAX_WAITING) return;
    this.#messages.add({ path: shown });
    if (control.waiting > MOST_WAITING) return control.flushed();
  }
}

/**
 * Returns whether entries of other kinds may be replaced while the copy writes. The limit of deletions is for the end. If
 * several sources are merged, an entry of one could replace that of another. A replaced directory cannot be restored.
 */
function mayReplaceKinds(
  { maxDeletions, verify, comparison }: ReceiveOptions["job"],
  roots: readonly TargetRoot[],
): boolean {
  return maxDeletions === undefined && !verify && !comparison?.skipExisting && roots.length === 1 &&
    roots[0].kind === "folder";
}

function noteOfKept(kept: number): string {
  const were = kept === 1 ? "1 directory was" : `${grouped(kept)} directories were`;
  return `${were} not deleted, because of excluded files or temporary files of escp in ${kept === 1 ? "it" : "them"}`;
}

function failuresOf({ failures, moreFailures, left }: RemovedExtras, limit: number): Failure[] {
  const all = failures.map(toFailure);
  if (moreFailures > 0) all.push(general(`Cannot remove ${grouped(moreFailures)} more entries`));
  if (left > 0) {
    const entries = left === 1 ? "1 more entry" : `${grouped(left)} more entries`;
    all.push(general(`Cannot delete ${entries}: the limit of --max-delete is ${grouped(limit)}`, "Raise --max-delete"));
  }
  return all;
}

function general(message: string, hint = ""): Failure {
  return { code: "", path: "", message, hint };
}
