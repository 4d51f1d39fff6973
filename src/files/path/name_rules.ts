/** Names that the target system interprets literally. A file with another name fails, and the others are copied. */

import { FileError } from "../../errors.ts";
import { hasEscapedBytes } from "../../protocol/names.ts";
import { FileCode } from "../stat/file_failure.ts";
import { baseName, PATH_STYLE, type PathStyle } from "./local_path.ts";
import { type RealPath, realPath } from "./real_path.ts";

/** Rules by which a system interprets names. */
export interface NameRules {
  readonly style: PathStyle;
  /** Whether two names that differ only in case usually refer to one file. */
  readonly ignoresCase: boolean;
  readonly realPath: RealPath;
}

/** Rules of this machine. */
export const OWN_RULES: NameRules = {
  style: PATH_STYLE,
  ignoresCase: PATH_STYLE === "windows" || Deno.build.os === "darwin",
  realPath,
};

/** Devices of Windows, with any extension. The digits may be superscript. */
const DEVICE = /^(?:con|prn|aux|nul|com[1-9¹²³]|lpt[1-9¹²³]|conin\$|conout\$) *(?:\.|$)/i;
// deno-lint-ignore no-control-regex
const FORBIDDEN = /[\\/:*?"<>|\u0000-\u001f]/;

/**
 * Returns why Windows refuses a name or interprets it differently; undefined for a valid name.
 *
 * Source: Microsoft, "Naming Files, Paths, and Namespaces". ":" denotes drives and NTFS streams, "\" directories.
 */
export function problemOnWindows(name: string): string | undefined {
  const found = FORBIDDEN.exec(name)?.[0];
  if (found !== undefined) {
    const shown = found < " " ? "a control character" : `"${found}"`;
    return `Windows does not allow ${shown} in names`;
  }
  if (/[. ]$/.test(name)) return "Windows does not allow names that end in a dot or a space";
  if (DEVICE.test(name)) return "Windows reserves that name for a device";
  return undefined;
}

/** Returns why the target system does not allow a name; undefined for a valid name. */
export function problemOfName(name: string, { style }: NameRules = OWN_RULES): string | undefined {
  return style === "windows" ? problemOnWindows(name) : undefined;
}

/**
 * Checks one component of a path from the peer.
 *
 * @param path Path of the file.
 * @throws {FileError} For a name that the portable engine, or this system, would interpret differently.
 */
export function checkTargetName(name: string, path: string, rules: NameRules = OWN_RULES): void {
  if (hasEscapedBytes(name)) {
    throw new FileError("create", path, "its name is not UTF-8", {
      code: FileCode.notText,
      hint: "Only the native engine can create such names",
    });
  }
  const problem = problemOfName(name, rules);
  if (problem !== undefined) throw misnamed(path, problem);
}

/**
 * Checks the last component of a path that the user typed.
 *
 * @param shown Path for messages.
 * @throws {FileError} For a name that this system would interpret differently.
 */
export function checkOperandName(operation: string, path: string, shown: string, rules: NameRules = OWN_RULES): void {
  const name = baseName(path, rules.style);
  const problem = name === "." || name === ".." ? undefined : problemOfName(name, rules);
  if (problem === undefined) return;
  throw new FileError(operation, shown, problem, { code: "EINVAL", hint: "Choose another name" });
}

/** Returns the failure of a file whose name the target system does not allow. */
export function misnamed(path: string, problem: string): FileError {
  return new FileError("create", path, problem, { code: "EINVAL", hint: "Rename it at the source" });
}

/** Returns a key that is equal for all spellings of a path on a system that ignores case. */
export function nameKey(path: string, { ignoresCase }: Pick<NameRules, "ignoresCase"> = OWN_RULES): string {
  return ignoresCase ? path.normalize().toLowerCase() : path;
}

/** Characters that a folded name cannot have, and those beyond ASCII. */
const FOLDABLE = /[A-Z\u0080-\uffff]/;

/** Returns a key that is equal for all names that some file system does not distinguish. */
export function foldedName(name: string): string {
  return FOLDABLE.test(name) ? nameKey(name, { ignoresCase: true }) : name;
}

/**
 * Checks that the name of an existing file does not differ in case. Otherwise two files of one directory would become one,
 * and two directories would be merged, without notice.
 *
 * @param path Path of an existing file that is not a link.
 * @throws {FileError} With this operation; or an error of `realPath`.
 */
export function checkSameCase(operation: string, path: string, rules: NameRules = OWN_RULES): void {
  if (!rules.ignoresCase) return;
  const expected = baseName(path, rules.style).normalize();
  const real = baseName(rules.realPath(path), rules.style).normalize();
  if (real === expected || nameKey(real, rules) !== nameKey(expected, rules)) return;
  throw new FileError(operation, path, `"${real}" already exists and differs only in case`, {
    code: "EEXIST",
    hint: "Rename one of them at the source, or remove the existing one",
  });
}
