/** Writes src/library/options.ts from the table of options. */

import { describeFlag } from "../src/cli/help/describe_flag.ts";
import type { Flag } from "../src/cli/options/flag.ts";
import { findLong, findShort } from "../src/cli/options/flags.ts";
import { CLEAN_FLAGS, CONNECTION_FLAGS, COPY_FLAGS, DOCTOR_FLAGS, libraryName } from "../src/library/option_flags.ts";

/** Returns the module, formatted as by `deno fmt`. */
export function libraryOptions(): string {
  return `/** Options of the library. Written by deno task docs: they are those of the command line, with the same defaults. */

/** Options of all functions. Undefined has the same meaning as an absent option. */
export interface ConnectionOptions {
  /** Stops the run, which then rejects with the reason of the signal. */
  readonly signal?: AbortSignal;
  /** Whether a run rejects if paths failed, instead of returning the result (default: true). */
  readonly throwOnFailure?: boolean;
  /** Whether ssh may ask for a password, and escp for a confirmation, if standard error is a terminal (default: false). */
  readonly interactive?: boolean;
${fields(CONNECTION_FLAGS)}}

/** A rule to include or exclude matching files and directories. */
export interface Rule {
  /** Copy or skip the matching files. */
  readonly action: "include" | "exclude";
  /** Language of the pattern (default: "glob"). */
  readonly kind?: "glob" | "regex";
  /** Pattern of a name or path, as for \`include\` or \`includeRegex\`. */
  readonly pattern: string;
}

/** Options of \`copy\`. */
export interface CopyOptions extends ConnectionOptions {
  /**
   * Rules to include or exclude files, which precede those of the other options. The first rule
   * that matches decides. In the other options, rules that include precede rules that exclude.
   */
  readonly rules?: readonly Rule[];
${fields(COPY_FLAGS)}}

/** Options of \`mirror\`, which sets the others. */
export type MirrorOptions = Omit<
  CopyOptions,
  "archive" | "update" | "delete" | "noTargetDirectory" | "filelist" | "null" | "filesFrom" | "relative"
>;

/** Options of \`plan\`. */
export type PlanOptions = Omit<CopyOptions, "verify" | "manifest">;

/** Options of \`verify\`. */
export type VerifyOptions = Omit<
  PlanOptions,
  | "update"
  | "checksum"
  | "delete"
  | "deleteExcluded"
  | "maxDelete"
  | "ignoreExisting"
  | "existing"
  | "linkDest"
>;

/** Options of \`clean\`. */
export interface CleanOptions extends ConnectionOptions {
${fields(CLEAN_FLAGS)}}

/** Options of \`doctor\`. */
export interface DoctorOptions extends ConnectionOptions {
  /** Directory on this machine whose disk is measured (default: the working directory). */
  readonly directory?: string;
${fields(DOCTOR_FLAGS)}}
`;
}

function fields(flags: readonly Flag[]): string {
  return flags.map((flag) =>
    `  /** ${withLibraryNames(describe(flag))}. */\n  readonly ${libraryName(flag)}?: ${typeOf(flag)};\n`
  ).join("");
}

/** Returns the description of an option without facts that the type has, or that hold for the command line only. */
function describe(flag: Flag): string {
  const { kind } = flag;
  const text = describeFlag({ ...flag, choices: undefined }).replace(/ \(repeatable\)|; repeatable/, "");
  if (kind === "time") return `${text}. A number is an age in seconds`;
  const unit = kind === "size" ? "bytes" : kind === "rate" ? "kbit/s" : undefined;
  if (unit) return `${text}. A number is in ${unit}`;
  return flag.argument === "SECONDS" ? `${text}. In seconds` : text;
}

/** Replaces the names of options on the command line. */
function withLibraryNames(text: string): string {
  const named = (flag: Flag | undefined, found: string) => flag ? `\`${libraryName(flag)}\`` : found;
  return text
    .replace(/--([a-z][a-z-]+)/g, (found, name: string) => named(findLong(name), found))
    .replace(
      /(?<!sha256sum )(?<=^|[\s(,])-([A-Za-z0-9])(?=$|[\s,;.)])/g,
      (found, name: string) => named(findShort(name), found),
    );
}

function typeOf({ kind, choices }: Flag): string {
  switch (kind) {
    case "boolean":
      return "boolean";
    case "number":
    case "count":
      return "number";
    case "size":
    case "rate":
    case "time":
      return "number | string";
    case "list":
      return "readonly string[]";
    case "string":
      return choices ? choices.map((choice) => JSON.stringify(choice)).join(" | ") : "string";
  }
}
