/** Resolves the source operands of the command line, by the rules of scp. */

import { FileError } from "../../errors.ts";
import type { Confinement } from "../target/confinement.ts";
import type { PathCalls } from "../engine/engine.ts";
import type { SourceRoot } from "../engine/source.ts";
import { failedWith, namingOperand } from "../stat/file_failure.ts";
import { FileKind } from "../stat/file_stat.ts";
import { baseName, resolvePath } from "../path/local_path.ts";
import { checkOperandName } from "../path/name_rules.ts";
import { expandTilde, unknownUser } from "../path/tilde.ts";
import { notRegular } from "./tree_walk.ts";
import { identityOfStat, UNKNOWN_FILE } from "../stat/file_identity.ts";

/** Standard input as a source. */
export const STANDARD_INPUT: SourceRoot = {
  path: "-",
  name: "-",
  kind: "input",
  identity: UNKNOWN_FILE,
  size: 0,
};

export interface SourceOptions {
  /** Absolute directory that relative operands start from. */
  base: string;
  /** Whether "~" and "~user" are expanded, because no shell has expanded the operands. */
  tilde: boolean;
  recursive: boolean;
  confinement?: Confinement;
}

/**
 * Resolves operands, following symbolic links. A directory without `recursive`, and a file that is neither regular nor a
 * directory, fails; the others are returned.
 */
export function resolveSources(
  operands: string[],
  options: SourceOptions,
  paths: PathCalls,
): { roots: SourceRoot[]; failures: FileError[] } {
  const roots: SourceRoot[] = [];
  const failures: FileError[] = [];
  for (const operand of operands) {
    try {
      roots.push(resolveSource(operand, options, paths));
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      failures.push(error);
    }
  }
  return { roots, failures };
}

function resolveSource(operand: string, options: SourceOptions, paths: PathCalls): SourceRoot {
  const { confinement } = options;
  const expanded = options.tilde ? expandTilde(operand, confinement?.home) : operand;
  const path = resolvePath(options.base, expanded);
  checkOperandName("read", path, operand);
  confinement?.check("read", path, operand);
  const stat = namingOperand(operand, () => paths.stat(path, { follow: true }));
  if (!stat) {
    const unknown = options.tilde && !confinement ? unknownUser("read", operand) : undefined;
    throw unknown ?? failedWith("read", operand, "ENOENT");
  }
  const isCopied = stat.kind === FileKind.file || (stat.kind === FileKind.directory && options.recursive);
  if (!isCopied) throw notRegular(operand === "" ? "." : operand, stat.kind);
  const kind = stat.kind === FileKind.directory ? "folder" : "file";
  const identity = identityOfStat(stat);
  // The user did not name the home directory itself, so its contents are copied.
  const isHome = operand === "" || (expanded !== operand && /^~[^/]*\/*$/.test(operand));
  const size = kind === "file" ? stat.size : 0;
  const within = confinement && { within: confinement.root };
  return { path, name: isHome ? "." : sourceName(path), kind, identity, size, ...within };
}

/** Returns the name for the receiver: "b" for "a/b" and "a/b/"; "." for "a/.", "a/.." and "/", whose contents are copied. */
export function sourceName(path: string): string {
  const name = baseName(path);
  return name === "" || name === ".." ? "." : name;
}
