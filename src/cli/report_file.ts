/** Writes the file of `--report`. */

import { quotePath, UsageError } from "../errors.ts";
import { failedDeno } from "../files/stat/file_failure.ts";
import { directoryOf, joinPath } from "../files/path/local_path.ts";
import { newPartialName } from "../files/path/private_names.ts";
import { jsonLine } from "../escape_text.ts";
import { writeAll } from "../log/write_all.ts";
import type { Report } from "../ui/report/report.ts";
import { failureReason } from "./failure_reason.ts";
import type { ReportTarget } from "./options/values/report_target.ts";

const OPERATION = "write the report";

/** A file that a report replaces, complete or not at all. */
export class ReportFile {
  readonly #target: ReportTarget;

  /** Checks that the file can be written. @throws {UsageError} */
  constructor(target: ReportTarget) {
    this.#target = target;
    const { path } = target;
    const refuse = (reason: string, cause?: unknown) => {
      throw new UsageError(`Cannot ${OPERATION} ${quotePath(path)}: ${reason}`, { cause });
    };
    const kind = kindOf(path);
    if (kind !== undefined && kind !== "file") refuse(`it is ${kind}`);
    try {
      const temporary = this.#temporary();
      Deno.openSync(temporary, { write: true, createNew: true }).close();
      Deno.removeSync(temporary);
    } catch (cause) {
      refuse(failureReason(cause), cause);
    }
  }

  /** Writes the report with the permissions that the umask leaves. @throws {FileError} */
  async write(report: Report): Promise<void> {
    const { path, format } = this.#target;
    const text = format === "json" ? jsonLine(report) + "\n" : await renderedPage(report);
    const temporary = this.#temporary();
    try {
      using file = Deno.openSync(temporary, { write: true, createNew: true });
      writeAll(file, new TextEncoder().encode(text));
      Deno.renameSync(temporary, path);
    } catch (cause) {
      remove(temporary);
      throw failedDeno(OPERATION, path, cause);
    }
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

/** Returns the kind of a file, for messages; undefined if it is missing. */
function kindOf(path: string): string | undefined {
  try {
    const { isFile, isSymlink, isDirectory } = Deno.lstatSync(path);
    return isFile ? "file" : isSymlink ? "a symbolic link" : isDirectory ? "a directory" : "not a regular file";
  } catch {
    // Creating the file reports the reason.
    return undefined;
  }
}

function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // The file was not created.
  }
}
