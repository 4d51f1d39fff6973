/** Writes the file of `--report`. */

import { FileError, quotePath, UsageError } from "../errors.ts";
import { failedDeno } from "../files/stat/file_failure.ts";
import { baseName, directoryOf, joinPath } from "../files/path/local_path.ts";
import { newPartialName } from "../files/path/private_names.ts";
import { jsonLine } from "../escape_text.ts";
import { writeAll } from "../log/write_all.ts";
import { type Report, REPORT_STARTS } from "../ui/report/report.ts";
import { failureReason } from "./failure_reason.ts";
import type { ReportTarget } from "./options/values/report_target.ts";

const OPERATION = "write the report";
const NOT_A_REPORT = "it exists, and is not a report of escp";
const PERMISSIONS = 0o777;
/** Mode of a new file, without the bits of the umask. */
const DEFAULT_MODE = 0o666;

/** A file that a report replaces, complete or not at all. Only an empty file or an earlier report is replaced. */
export class ReportFile {
  readonly #target: ReportTarget;
  #found: Deno.FileInfo | undefined;

  /**
   * Checks that the file can be written.
   *
   * @param others paths that the run reads or writes, which the report must not replace.
   * @throws {UsageError}
   */
  constructor(target: ReportTarget, others: readonly string[] = []) {
    this.#target = target;
    const { path } = target;
    const refuse = (reason: string, { cause, hint }: { cause?: unknown; hint?: string } = {}) => {
      throw new UsageError(`Cannot ${OPERATION} ${quotePath(path)}: ${reason}`, { cause, hint });
    };
    const hint = "Choose another name for --report, or remove the file";
    if (others.some((other) => isSame(path, other))) refuse("this run uses the file otherwise", { hint });
    this.#found = statOf(path);
    const kind = this.#found && kindOf(this.#found);
    if (kind !== undefined) refuse(`it is ${kind}`);
    try {
      if (this.#found && !isReplaceable(path)) refuse(NOT_A_REPORT, { hint });
      const temporary = this.#temporary();
      Deno.openSync(temporary, { write: true, createNew: true }).close();
      Deno.removeSync(temporary);
    } catch (cause) {
      if (cause instanceof UsageError) throw cause;
      refuse(failureReason(cause), { cause });
    }
  }

  /** Writes the report. A new file gets the permissions that the umask leaves. @throws {FileError} */
  async write(report: Report): Promise<void> {
    const { path, format } = this.#target;
    const text = format === "json" ? jsonLine(report) + "\n" : await renderedPage(report);
    const temporary = this.#temporary();
    try {
      this.#checkUnchanged();
      const mode = (this.#found?.mode ?? DEFAULT_MODE) & PERMISSIONS;
      using file = Deno.openSync(temporary, { write: true, createNew: true, mode });
      writeAll(file, new TextEncoder().encode(text));
      Deno.renameSync(temporary, path);
      this.#found = statOf(path);
    } catch (cause) {
      remove(temporary);
      throw failedDeno(OPERATION, path, cause);
    }
  }

  /** The copy may have created or replaced the file. @throws {FileError} */
  #checkUnchanged(): void {
    const { path } = this.#target;
    const [before, now] = [this.#found, statOf(path)];
    if (!now) return;
    const isUnchanged = before?.ino === now.ino && before?.dev === now.dev && before.size === now.size &&
      before.mtime?.getTime() === now.mtime?.getTime();
    if (!isUnchanged) throw new FileError(OPERATION, path, "the file was created or changed during the run");
  }

  /** Returns a new name in the directory of the file. No file of another user can have it. */
  #temporary(): string {
    return joinPath(directoryOf(this.#target.path), newPartialName());
  }
}

async function renderedPage(report: Report): Promise<string> {
  const { renderReport } = await import("../ui/report/page/render_report.ts");
  return renderReport(report);
}

/** Returns the attributes of a file; undefined if it is missing, or cannot be examined: creating it reports the reason. */
function statOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch {
    return undefined;
  }
}

/** Returns the kind of a file that a report cannot replace, for messages. */
function kindOf({ isFile, isSymlink, isDirectory }: Deno.FileInfo): string | undefined {
  if (isFile) return undefined;
  return isSymlink ? "a symbolic link" : isDirectory ? "a directory" : "not a regular file";
}

/** Returns whether a regular file is empty or starts as a report does. */
function isReplaceable(path: string): boolean {
  using file = Deno.openSync(path);
  const start = new Uint8Array(Math.max(...REPORT_STARTS.map((text) => text.length)));
  let length = 0;
  for (let read: number | null; (read = file.readSync(start.subarray(length))); length += read);
  const text = new TextDecoder().decode(start.subarray(0, length));
  return length === 0 || REPORT_STARTS.some((expected) => text.startsWith(expected));
}

/** Returns whether two paths name the same entry of a directory, or files with the same contents: hard links. */
function isSame(one: string, other: string): boolean {
  const [first, second] = [statOf(one), statOf(other)];
  if (first && second && first.ino !== null) return first.ino === second.ino && first.dev === second.dev;
  return baseName(one) === baseName(other) && realPath(directoryOf(one)) === realPath(directoryOf(other));
}

function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    return path;
  }
}

function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // The file was not created.
  }
}
