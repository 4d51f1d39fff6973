/** Large files whose copies have begun, and are not complete. */

/** Maximum number of listed files. */
const MAX_LISTED = 100;
/** Maximum number of files of one transfer that are counted, because a peer chooses it. */
const MAX_FILES = 10_000;

/** A large file without its final name. */
export interface UnfinishedFile {
  /** From the name of its source on. Not escaped. */
  path: string;
  /** Size of the source. */
  bytes: number;
}

/** The unfinished files of a run. */
export class UnfinishedFiles {
  /** Files of earlier transfers, which have failed. */
  readonly #listed: UnfinishedFile[] = [];
  #omitted = 0;
  /** Sizes of the files of the current transfer, by path. */
  readonly #current = new Map<string, number>();

  /** Begins the next transfer. The sessions of a transfer continue the same files. */
  beginTransfer(): void {
    for (const [path, bytes] of this.#current) {
      if (this.#listed.length < MAX_LISTED) this.#listed.push({ path, bytes });
      else this.#omitted++;
    }
    this.#current.clear();
  }

  /** Adds a file. */
  begin({ path, bytes }: UnfinishedFile): void {
    if (this.#current.size < MAX_FILES) this.#current.set(path, bytes);
  }

  /** Removes a file that is complete, or has failed. */
  end(path: string): void {
    this.#current.delete(path);
  }

  /** Ends a transfer with a result: each file is complete, or has failed. */
  endTransfer(): void {
    this.#current.clear();
  }

  /** Returns the files of all transfers. */
  report(): { unfinished: UnfinishedFile[]; unfinishedOmitted: number } {
    this.beginTransfer();
    return { unfinished: this.#listed, unfinishedOmitted: this.#omitted };
  }
}
