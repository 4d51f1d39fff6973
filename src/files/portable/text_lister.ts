/**
 * Lists directories with system calls for the portable engine. That engine opens files by text, so a name that is not
 * UTF-8 fails.
 */

import { FileError } from "../../errors.ts";
import type { FileCalls } from "../../native/file/calls.ts";
import { hasEscapedBytes } from "../../protocol/names.ts";
import type { ReadOptions, SourceRoot } from "../engine/source.ts";
import { FileCode } from "../stat/file_failure.ts";
import { joinPath } from "../path/local_path.ts";
import { NativeLister } from "../native/lister.ts";
import { LinkCheck } from "./access.ts";
import { wholeMilliseconds } from "./runtime_gaps.ts";

/** Times are as exact as those from `Deno.*` calls, with which they are compared: milliseconds, and seconds of the ctime. */
export class TextLister extends NativeLister {
  readonly #links: LinkCheck | undefined;
  #directory = "";
  #name = "";

  constructor(calls: FileCalls, { follow = true }: ReadOptions = {}) {
    super(calls);
    this.#links = follow ? undefined : new LinkCheck();
  }

  /** Path of the directory that was opened last. */
  get directory(): string {
    return this.#directory;
  }

  override statRoot(root: SourceRoot): void {
    super.statRoot(root);
    this.#cutTimes();
  }

  override openDirectory(root: SourceRoot, path: string, options: { follow: boolean }): void {
    this.#directory = joinPath(root.path, path);
    super.openDirectory(root, path, options);
    this.#links?.check(root.path, path);
    this.#cutTimes();
  }

  override nextEntry(): boolean {
    if (!super.nextEntry()) return false;
    this.#name = super.nameText();
    // Force a call of `statEntry`, which throws.
    if (hasEscapedBytes(this.#name)) this.kind = 0;
    return true;
  }

  override nameText(): string {
    return this.#name;
  }

  override statEntry(options: { follow: boolean }): void {
    if (hasEscapedBytes(this.#name)) throw notText(joinPath(this.#directory, this.#name));
    super.statEntry(options);
    this.#cutTimes();
  }

  #cutTimes(): void {
    this.stat.mtimeNs = wholeMilliseconds(this.stat.mtimeNs);
    this.stat.atimeNs = wholeMilliseconds(this.stat.atimeNs);
    this.stat.ctimeNs = 0;
  }
}

/** Returns the failure for a name that only the native engine can open. */
export function notText(path: string, cause?: unknown): FileError {
  return new FileError("read", path, "its name is not UTF-8", {
    code: FileCode.notText,
    hint: "Only the native engine can open such names",
    cause,
  });
}
