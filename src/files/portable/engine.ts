/** The engine that uses `Deno.*`, on every platform. */

import { FileError, UserError } from "../../errors.ts";
import { hasEscapedBytes } from "../../protocol/names.ts";
import type { FileEngine, PathCalls } from "../engine/engine.ts";
import type { ReadOptions } from "../engine/source.ts";
import { failedDeno, FileCode } from "../stat/file_failure.ts";
import { type FileIdentity, identityOf, isSameFile, swapped } from "../stat/file_identity.ts";
import { spaceOf } from "../stat/free_space.ts";
import { listEntries } from "./list_entries.ts";
import { PortableLister } from "./lister.ts";
import { makeRootDirectory } from "./new_directory.ts";
import { PortableReader } from "./reader.ts";
import { statExisting } from "./stat.ts";
import { PortableTargetDirectory } from "./target/directory.ts";
import { PortableStaging } from "./target/staging.ts";
import { PortableCommits } from "./target/commits.ts";
import { PortablePartialCalls } from "./target/partial_calls.ts";
import { PortableDevice } from "./device.ts";
import type { WriterOptions } from "../write/target_directory.ts";
import { openTarget } from "../write/open_target.ts";
import { gapCalls } from "./runtime_gaps.ts";
import { TextLister } from "./text_lister.ts";
import { PortableTree } from "./tree.ts";
import { type NameRules, OWN_RULES } from "../path/name_rules.ts";
import { realPath } from "../path/real_path.ts";
import { TreeWalk, walksLinks } from "../walk/tree_walk.ts";

/**
 * Returns the portable engine.
 *
 * @param rules Names that targets allow. Default: those of this system.
 */
export function createPortableEngine(rules: NameRules = OWN_RULES): FileEngine {
  const calls = gapCalls();
  const openLister = (options: ReadOptions) => calls ? new TextLister(calls, options) : new PortableLister(options);
  const targetDirectory = (options: WriterOptions) => {
    const directory = new PortableTargetDirectory(options, rules);
    const partials = new PortablePartialCalls(directory);
    return { directory, staging: new PortableStaging(directory), commits: new PortableCommits(directory), partials };
  };
  const loadComparer = async () => {
    const { PortableCompareCalls } = await import("./target/compare_calls.ts");
    const { EngineComparer } = await import("../write/target_comparer.ts");
    return (options: WriterOptions) =>
      new EngineComparer(() => {
        const directory = new PortableTargetDirectory(options, rules);
        return { directory, calls: new PortableCompareCalls(directory) };
      }, options);
  };
  return {
    name: "portable",
    paths: portablePaths,
    freeSpace,
    loadXattrs: () => Promise.reject(noXattrs()),
    walk: (roots, options) =>
      new TreeWalk(roots, openLister({ follow: walksLinks(options), preserve: options.preserve }), options),
    openTree: () => new PortableTree(openLister({ follow: false })),
    sourceReader: (roots, options) => new PortableReader(roots, options),
    openTarget(roots, targetOptions) {
      const createDevice = (path: string, identity?: FileIdentity) => new PortableDevice(path, identity);
      return openTarget({ openDirectory: targetDirectory, createDevice }, { roots, options: targetOptions });
    },
    async targetComparer(roots, targetOptions) {
      return (await loadComparer())({ roots, options: targetOptions });
    },
    async linkDestinations(roots, targetOptions) {
      const openComparer = await loadComparer();
      const { EngineLinkDestinations } = await import("../write/link_destinations.ts");
      return new EngineLinkDestinations({ openDirectory: targetDirectory, openComparer }, {
        roots,
        options: targetOptions,
      });
    },
  };
}

const portablePaths: PathCalls = {
  stat(path, { follow }) {
    return attempt("examine", path, () => statExisting(path, { follow }));
  },
  makeDirectory(path, place) {
    return attempt("create", path, () => makeRootDirectory(path, place));
  },
  holdDirectory(path, identity) {
    if (Deno.build.os === "windows") return undefined;
    let directory: Deno.FsFile;
    try {
      directory = Deno.openSync(path);
    } catch {
      // The directory is not readable.
      return undefined;
    }
    if (isSameFile(identityOf(directory.statSync()), identity)) return directory;
    directory.close();
    throw swapped("create", path);
  },
  readLink(path) {
    return attempt("find", path, () => Deno.readLinkSync(path));
  },
  realPath(path) {
    return attempt("find", path, () => realPath(path));
  },
  list: listEntries,
};

async function freeSpace(directory: string): Promise<number | undefined> {
  if (hasEscapedBytes(directory)) return undefined;
  try {
    const { statfsSync } = await import("node:fs");
    return spaceOf(statfsSync(directory), Deno.build.os !== "windows" && Deno.uid() === 0);
  } catch {
    return undefined;
  }
}

function noXattrs(): UserError {
  return new UserError(
    "Cannot copy extended attributes or access control lists: the portable engine does not support them",
    {
      hint: "Omit --xattrs and --acls, or use the native engine on Linux",
    },
  );
}

function attempt<Result>(operation: string, path: string, call: () => Result): Result {
  if (hasEscapedBytes(path)) throw new FileError(operation, path, "its name is not UTF-8", { code: FileCode.notText });
  try {
    return call();
  } catch (error) {
    throw failedDeno(operation, path, error);
  }
}
