/** Combinations of options that a copy run refuses before anything is opened. */

import { UsageError } from "../../errors.ts";
import type { Operand } from "../../ssh/operand.ts";
import type { RawFlags } from "./flags.ts";
import { parseDummy } from "./host_options.ts";
import { RuleFile } from "./values/rule_file.ts";
import type { Transfer } from "./transfers.ts";

/** Whether the source is standard input, and the target standard output. */
export interface StandardStreams {
  readonly fromInput: boolean;
  readonly toOutput: boolean;
  /** Descriptor of this process that `toOutput` means. */
  readonly outputDescriptor: number;
}

/** Paths of descriptors. In the other process of a local copy they name other files. */
const DESCRIPTOR_PATH = /^\/(?:dev\/(?:std(?:in|out|err)|fd\/\d{1,9})|proc\/(?:self|thread-self)\/fd\/\d{1,9})$/;
const STANDARD_NAMES = ["in", "out", "err"];

/** Returns the descriptor that a path names; undefined for any other path. */
function descriptorOf(path: string): number | undefined {
  if (!DESCRIPTOR_PATH.test(path)) return undefined;
  const standard = STANDARD_NAMES.findIndex((name) => path.endsWith(`/std${name}`));
  return standard >= 0 ? standard : Number(path.slice(path.lastIndexOf("/") + 1));
}

/** Finds "-" among the operands. A file of that name is written "./-". @throws {UsageError} */
export function standardStreams(
  sources: readonly Operand[],
  target: Operand | undefined,
  flags: RawFlags,
): StandardStreams {
  const isDash = (operand?: Operand) => operand?.kind === "local" && operand.path === "-";
  const fromInput = sources.some(isDash);
  const descriptor = target?.kind === "local" ? descriptorOf(target.path) : undefined;
  const toOutput = isDash(target) || descriptor !== undefined;
  const outputDescriptor = descriptor ?? 1;
  if (flags.filelist !== undefined && (fromInput || toOutput)) {
    throw new UsageError('Cannot use "-" as a source or target together with "--filelist"');
  }
  checkInput(flags, { fromInput });
  if (fromInput && sources.length > 1) {
    throw new UsageError('Cannot copy standard input ("-") together with other sources');
  }
  if (fromInput && toOutput) {
    throw new UsageError("Cannot copy standard input to standard output: one of them must be a file");
  }
  if (toOutput && sources.length > 1) throw new UsageError("Cannot copy several sources to standard output");
  if (fromInput || toOutput) {
    const option = comparingOption(flags);
    const stream = fromInput ? "input" : "output";
    if (option) {
      throw new UsageError(`Cannot use "${option}" with standard ${stream}: there is nothing to compare with`);
    }
  }
  const backup = backupOption(flags);
  if (toOutput && backup) throw new UsageError(`Cannot use "${backup}" with standard output: it replaces no file`);
  if (toOutput && outputDescriptor === 1 && flags.json) {
    throw new UsageError('Cannot use "--json" when the data goes to standard output');
  }
  return { fromInput, toOutput, outputDescriptor };
}

/** Standard input can be read once. @throws {UsageError} */
function checkInput(
  { filelist, "files-from": from, rules = [] }: RawFlags,
  { fromInput }: Pick<StandardStreams, "fromInput">,
): void {
  const files = rules.flatMap((rule) => rule instanceof RuleFile && rule.file === "-" ? [`"${rule.option}"`] : []);
  const readers = [
    ...(fromInput ? ["a source"] : []),
    ...(filelist === "-" ? ['"--filelist"'] : []),
    ...(from === "-" ? ['"--files-from"'] : []),
    ...files,
  ];
  if (readers.length > 1) {
    throw new UsageError(`Cannot read standard input ("-") twice: for ${readers[0]} and for ${readers[1]}`);
  }
}

/** @throws {UsageError} for options that exclude each other, or that do not apply to these transfers. */
export function checkOptions(flags: RawFlags, transfers: readonly Transfer[], streams: StandardStreams): void {
  checkXattrs(flags, transfers);
  if (flags.verify && flags["dry-run"]) {
    throw new UsageError('Cannot use "--verify" with "--dry-run": nothing is written that could be read back');
  }
  if (flags.verify && flags.inplace) {
    throw new UsageError('Cannot use "--verify" with "--inplace": a file that differs could not be restored');
  }
  checkExactTarget(flags, transfers);
  checkDelete(flags, transfers, streams);
  checkRemoval(flags, transfers, streams);
  if (flags.chmod && flags.acls) {
    throw new UsageError('Cannot use "--chmod" with "--acls": access control lists contain the permissions');
  }
  if (flags.chown !== undefined && flags.preserve === false) {
    throw new UsageError('Cannot use "--chown" with "--no-preserve": owners are set with other attributes only');
  }
  checkFilesFrom(flags, transfers, streams);
  if (flags.relative && (streams.fromInput || streams.toOutput)) {
    throw new UsageError('Cannot use "-" as a source or target together with "--relative"');
  }
  checkSelection(flags, streams);
  if (flags.verify && flags["ignore-existing"]) {
    throw new UsageError(
      'Cannot use "--verify" with "--ignore-existing": files of a lost session would exist, and not be verified',
    );
  }
  const backup = backupOption(flags);
  if (backup && flags.existing && !flags.update && !flags.checksum) {
    throw new UsageError(`Cannot use "${backup}" with "--existing" alone: a retry would replace the backups`, {
      hint: "Add -u or --checksum",
    });
  }
  if (flags.inplace && backup) {
    throw new UsageError(`Cannot use "${backup}" with "--inplace": existing files are changed, not replaced`);
  }
  checkLinks(flags);
  checkDummy(flags, streams);
  checkManifest(flags, transfers, streams);
}

/** Files of link destinations must never be changed. */
function checkLinks(flags: RawFlags): void {
  if (!flags["link-dest"]) return;
  const refuse = (option: string, reason: string) => {
    throw new UsageError(`Cannot use "--link-dest" with "${option}": ${reason}`);
  };
  const existing = flags.existing ? "--existing" : flags["ignore-existing"] ? "--ignore-existing" : undefined;
  if (existing) refuse(existing, "a snapshot has no files before the copy");
  if (flags.inplace) refuse("--inplace", "the linked files would be changed in their directories");
  if (flags.xattrs) refuse("--xattrs", "extended attributes are not compared");
  if (flags.acls) refuse("--acls", "access control lists are not compared");
}

/** Checks this end. The session checks its peer. */
function checkXattrs(flags: RawFlags, transfers: readonly Transfer[]): void {
  if (flags.engine !== "portable" || transfers.every(isBetweenRemotes)) return;
  for (const name of ["xattrs", "acls"] as const) {
    if (!flags[name]) continue;
    throw new UsageError(`Cannot use "--${name}" with the portable engine: it cannot read or set them`, {
      hint: "Use --engine native, on Linux",
    });
  }
}

function checkExactTarget(flags: RawFlags, transfers: readonly Transfer[]): void {
  if (!flags["no-target-directory"]) return;
  if (flags.filelist === undefined && transfers.length === 1 && transfers[0].sources.length === 1) return;
  throw new UsageError('Option "--no-target-directory" takes one source, which the target becomes a copy of');
}

function checkDelete(flags: RawFlags, transfers: readonly Transfer[], { fromInput, toOutput }: StandardStreams): void {
  if (!flags.delete) {
    if (flags["max-delete"] === undefined) return;
    throw new UsageError('Option "--max-delete" needs "--delete"');
  }
  const refuse = (combination: string, reason: string) => {
    throw new UsageError(`Cannot use "--delete" ${combination}: ${reason}`);
  };
  if (fromInput || toOutput) refuse(`with standard ${fromInput ? "input" : "output"}`, "it has no entries");
  if (!flags.recursive) refuse('without "-r" or "-a"', "only entries of copied directories are deleted");
  if (flags.filelist !== undefined) refuse('with "--filelist"', "it would delete entries that the list does not name");
  if (flags["files-from"] !== undefined) {
    refuse('with "--files-from"', "it would delete entries that the list does not name");
  }
  if (flags.relative) refuse('with "--relative"', "it would delete entries beside the sources");
  if (flags["exclude-ignore-files"] && !flags["delete-excluded"]) {
    throw new UsageError('Cannot use "--delete" with "--exclude-ignore-files": only the source knows what is ignored', {
      hint: "--delete-excluded deletes the ignored entries of the target too",
    });
  }
  if (flags["keep-dirlinks"]) refuse('with "--keep-dirlinks"', "two directories could be the same one");
  const backup = backupOption(flags);
  if (backup) refuse(`with "${backup}"`, "it would delete the backups of earlier copies");
  if (flags["link-dest"]) refuse('with "--link-dest"', "it would delete earlier snapshots in the target");
  if (parseDummy(flags.ioengine)) refuse('with "--ioengine dummy"', "nothing is copied");
  if (transfers.length > 1) refuse("with sources on several hosts", "each copy would delete the files of the others");
}

/** `hostOptions` checks the options of each host. */
function checkRemoval(flags: RawFlags, transfers: readonly Transfer[], { fromInput, toOutput }: StandardStreams): void {
  if (!flags["remove-source-files"]) return;
  const refuse = (combination: string, reason: string) => {
    throw new UsageError(`Cannot use "--remove-source-files" ${combination}: ${reason}`);
  };
  if (fromInput || toOutput) refuse(`with standard ${fromInput ? "input" : "output"}`, "no file is moved");
  if (flags.manifest !== undefined) refuse('with "--manifest"', "sources may be read again for their digests");
  checkMovedHosts(transfers);
}

/** Checks the transfers of --remove-source-files. @throws {UsageError} */
export function checkMovedHosts(transfers: readonly Transfer[]): void {
  if (transfers.length <= 1) return;
  throw new UsageError(
    'Cannot use "--remove-source-files" with sources on several hosts: one copy could replace the files of another',
  );
}

function checkFilesFrom(
  flags: RawFlags,
  transfers: readonly Transfer[],
  { fromInput, toOutput }: StandardStreams,
): void {
  if (flags["files-from"] === undefined) return;
  if (fromInput || toOutput) throw new UsageError('Cannot use "-" as a source or target together with "--files-from"');
  if (transfers.length !== 1 || transfers[0].sources.length !== 1) {
    throw new UsageError('Option "--files-from" needs one source: the directory that contains the listed files');
  }
  if (flags.relative) throw new UsageError('Options "--files-from" and "--relative" exclude each other');
  if (transfers[0].direction !== "origin") return;
  throw new UsageError('Cannot use "-R" with "--files-from"', { hint: "Use -3" });
}

function checkSelection(flags: RawFlags, { fromInput }: StandardStreams): void {
  const option = (["max-size", "min-size", "newer-than", "older-than"] as const).find((name) =>
    flags[name] !== undefined
  );
  if (option && fromInput) {
    throw new UsageError(`Cannot use "--${option}" with standard input: it has neither a size nor a time`);
  }
  const { "min-size": min = 0, "max-size": max = Infinity } = flags;
  if (min > max) throw new UsageError('Cannot use a "--min-size" above "--max-size": no file has such a size');
}

function checkDummy(flags: RawFlags, { fromInput }: StandardStreams): void {
  const dummy = parseDummy(flags.ioengine);
  const option = comparingOption(flags);
  if (dummy && option) {
    throw new UsageError(`Cannot use "${option}" with "--ioengine dummy": there is nothing to compare with`);
  }
  if (dummy === undefined || dummy === "receiver") return;
  if (flags["exclude-ignore-files"]) {
    throw new UsageError('Cannot use "--exclude-ignore-files" with "--ioengine dummy": the sender reads no files');
  }
  if (!fromInput) return;
  throw new UsageError('Cannot use "--ioengine dummy" with standard input', {
    hint: "The sender needs the sizes of files: name some, or use --ioengine posix::dummy",
  });
}

/** Digests are taken on this machine. */
function checkManifest(
  flags: RawFlags,
  transfers: readonly Transfer[],
  { fromInput, toOutput }: StandardStreams,
): void {
  if (flags.manifest === undefined) return;
  const refuse = (combination: string, reason: string) => {
    throw new UsageError(`Cannot use "--manifest" ${combination}: ${reason}`);
  };
  if (fromInput || toOutput) refuse(`with standard ${fromInput ? "input" : "output"}`, "it cannot be read again");
  if (flags["dry-run"]) refuse('with "--dry-run"', "nothing is copied");
  if (parseDummy(flags.ioengine)) refuse('with "--ioengine dummy"', "nothing is copied");
  if (transfers.some(isBetweenRemotes)) refuse("between two remote hosts", "the files are not on this machine");
}

/** Returns the option that compares with files at the target. */
function comparingOption(flags: RawFlags): string | undefined {
  if (flags.verify) return "--verify";
  if (flags.checksum) return "--checksum";
  if (flags["ignore-existing"]) return "--ignore-existing";
  if (flags.existing) return "--existing";
  if (flags["link-dest"]) return "--link-dest";
  if (flags["itemize-changes"]) return "--itemize-changes";
  return flags.update ? "--update" : flags["dry-run"] ? "--dry-run" : undefined;
}

/** Returns the option that keeps replaced files. */
function backupOption(flags: RawFlags): string | undefined {
  if (flags["backup-dir"] !== undefined) return "--backup-dir";
  if (flags.suffix !== undefined) return "--suffix";
  return flags.backup ? "--backup" : undefined;
}

function isBetweenRemotes({ direction }: Transfer): boolean {
  return direction === "relay" || direction === "origin";
}
