/** Which names the target's system takes for what they are. Others fail, each by itself, and lead nowhere else. */

import { FileError } from "../../errors.ts";
import { hasEscapedBytes } from "../../protocol/names.ts";
import { FileCode } from "../stat/file_failure.ts";
import { baseName, PATH_STYLE, type PathStyle } from "./local_path.ts";

/** What a system makes of names. */
export interface NameRules {
  readonly style: PathStyle;
  /** Whether two names that differ in case alone are usually one file. */
  readonly ignoresCase: boolean;
  /** The path of something that is there, as its directories spell it. */
  realPath(path: string): string;
}

/** Those of this machine. */
export const OWN_RULES: NameRules = {
  style: PATH_STYLE,
  ignoresCase: PATH_STYLE === "windows" || Deno.build.os === "darwin",
  realPath: (path) => Deno.realPathSync(path),
};

/** Devices of Windows, whatever follows a dot; digits may be raised ones. */
const DEVICE = /^(?:con|prn|aux|nul|com[1-9¹²³]|lpt[1-9¹²³]|conin\$|conout\$) *(?:\.|$)/i;
// deno-lint-ignore no-control-regex
const NO_CHARACTER = /[\\/:*?"<>|\u0000-\u001f]/;

/**
 * Why Windows would take a name for something else, or not at all; undefined for a good one.
 *
 * Source: Microsoft, "Naming Files, Paths, and Namespaces". ":" is for drives and for streams of NTFS, "\" for directories.
 */
export function problemOnWindows(name: string): string | undefined {
  const found = NO_CHARACTER.exec(name)?.[0];
  if (found !== undefined) {
    const shown = found < " " ? "a control character" : `"${found}"`;
    return `Windows has no names with ${shown}`;
  }
  if (/[. ]$/.test(name)) return "Windows has no names that end in a dot or a space";
  if (DEVICE.test(name)) return "Windows takes that name for a device";
  return undefined;
}

/** Why the target's system has no such name; undefined for a good one. */
export function problemOfName(name: string, { style }: NameRules = OWN_RULES): string | undefined {
  return style === "windows" ? problemOnWindows(name) : undefined;
}

/**
 * One component of a path from the other side.
 *
 * @param path where it would be.
 * @throws {FileError} for a name that the portable engine, or this system, would take for another.
 */
export function checkTargetName(name: string, path: string, rules: NameRules = OWN_RULES): void {
  if (hasEscapedBytes(name)) {
    throw new FileError("create", path, "its name is not UTF-8", {
      code: FileCode.notText,
      hint: "Only the native engine can make such names",
    });
  }
  const problem = problemOfName(name, rules);
  if (problem !== undefined) throw misnamed(path, problem);
}

/** The failure of a thing with such a name. */
export function misnamed(path: string, problem: string): FileError {
  return new FileError("create", path, problem, { code: "EINVAL", hint: "Give it another name at the source" });
}

/** What stands for a path where the system's names ignore case: one of these for all spellings. */
export function nameKey(path: string, { ignoresCase }: Pick<NameRules, "ignoresCase"> = OWN_RULES): string {
  return ignoresCase ? path.normalize().toLowerCase() : path;
}

/**
 * That what is there under a path has this very name, and not one that differs in case: two files of one directory would
 * become one, and two directories be mixed, without a word.
 *
 * @param path of something that is there and no link.
 * @throws {FileError} with this act; or what `realPath` throws.
 */
export function checkSameCase(act: string, path: string, rules: NameRules = OWN_RULES): void {
  if (!rules.ignoresCase) return;
  const wanted = baseName(path, rules.style).normalize();
  const real = baseName(rules.realPath(path), rules.style).normalize();
  if (real === wanted || nameKey(real, rules) !== nameKey(wanted, rules)) return;
  throw new FileError(act, path, `"${real}" has that name here, which differs in case alone`, {
    code: "EEXIST",
    hint: "Give one of them another name at the source, or remove what is there",
  });
}
