/** Features that the peer must support for a copy or a clean run. */

import type { CleanJob, CopyJob } from "../../protocol/control/job.ts";
import type { RequiredFeature } from "../../session/model/required_feature.ts";
import type { Reach } from "../../ssh/reach.ts";
import type { RequestedSource } from "../requested_sources.ts";
import { haveTargets } from "./accept_sources.ts";
import type { CopyRequest } from "./copy_request.ts";

/** Properties of a copy that decide which features it needs. */
export interface DemandingCopy {
  job: CopyJob;
  sources: readonly RequestedSource[];
  /** Whether this end writes a manifest. */
  manifest?: boolean;
  /** Settings to reach the remote host. */
  reach?: Pick<Reach, "reverse" | "tunnel">;
}

const REMOTE_LOG: RequiredFeature = {
  feature: "remote-log",
  unsupportedMessage: (host, escp) => `Cannot use --remote-log: ${escp} on ${host} does not support it`,
  optionToDrop: "--remote-log",
};

const REQUIREMENTS: readonly (RequiredFeature & { isNeeded: (copy: DemandingCopy) => boolean | undefined })[] = [
  { ...REMOTE_LOG, isNeeded: ({ job }) => job.log !== undefined },
  {
    feature: "update",
    isNeeded: ({ job }) => job.update !== undefined || job.dryRun,
    unsupportedMessage: (host, escp) => `Cannot compare files with the target: ${escp} on ${host} does not support it`,
  },
  {
    feature: "remove-sources",
    isNeeded: ({ job }) => job.removesSources,
    unsupportedMessage: (host, escp) => `Cannot use --remove-source-files: ${escp} on ${host} does not support it`,
    optionToDrop: "--remove-source-files",
  },
  {
    feature: "fsync",
    isNeeded: ({ job }) => job.direction === "push" && job.fsync,
    unsupportedMessage: (host, escp) => `Cannot use --fsync: ${escp} on ${host} does not support it`,
  },
  {
    feature: "inplace",
    isNeeded: ({ job }) => job.direction === "push" && job.inplace,
    unsupportedMessage: (host, escp) => `Cannot use --inplace: ${escp} on ${host} does not support it`,
    optionToDrop: "--inplace",
  },
  {
    feature: "mkpath",
    isNeeded: ({ job }) => job.direction === "push" && job.mkpath,
    unsupportedMessage: (host, escp) => `Cannot use --mkpath: ${escp} on ${host} does not support it`,
    optionToDrop: "--mkpath",
  },
  {
    feature: "delete",
    isNeeded: ({ job }) => job.deletes,
    unsupportedMessage: (host, escp) => `Cannot use --delete: ${escp} on ${host} does not support it`,
    optionToDrop: "--delete",
  },
  {
    feature: "exact",
    isNeeded: ({ job }) => job.direction === "push" && job.exact,
    unsupportedMessage: (host, escp) => `Cannot use --no-target-directory: ${escp} on ${host} does not support it`,
    optionToDrop: "--no-target-directory",
  },
  {
    feature: "dirlinks",
    isNeeded: ({ job }) => job.direction === "push" && job.dirlinks,
    unsupportedMessage: (host, escp) => `Cannot use --keep-dirlinks: ${escp} on ${host} does not support it`,
    optionToDrop: "--keep-dirlinks",
  },
  {
    feature: "existing",
    isNeeded: ({ job }) => job.skipExisting || job.onlyExisting,
    unsupportedMessage: (host, escp) =>
      `Cannot skip files by their existence in the target: ${escp} on ${host} does not support it`,
    optionToDrop: "--ignore-existing and --existing",
  },
  {
    feature: "select",
    isNeeded: ({ job }) => job.direction === "pull" && job.select !== undefined,
    unsupportedMessage: (host, escp) =>
      `Cannot select files by size, time or .gitignore: ${escp} on ${host} does not support it`,
    optionToDrop: "--max-size, --min-size, --newer-than, --older-than and --exclude-ignore-files",
  },
  {
    feature: "backup",
    isNeeded: ({ job }) => job.direction === "push" && job.backup !== undefined,
    unsupportedMessage: (host, escp) => `Cannot use --backup: ${escp} on ${host} does not support it`,
    optionToDrop: "--backup, --suffix and --backup-dir",
  },
  {
    feature: "link-dest",
    isNeeded: ({ job }) => job.direction === "push" && job.linkDests !== undefined,
    unsupportedMessage: (host, escp) => `Cannot use --link-dest: ${escp} on ${host} does not support it`,
    optionToDrop: "--link-dest",
  },
  {
    feature: "verify",
    isNeeded: ({ job }) => job.verify,
    unsupportedMessage: (host, escp) => `Cannot use --verify: ${escp} on ${host} does not support it`,
  },
  {
    feature: "xattrs",
    isNeeded: ({ job }) => job.xattrs || job.acls,
    unsupportedMessage: (host, escp) =>
      `Cannot preserve extended attributes or access control lists: ${escp} on ${host} does not support them`,
    optionToDrop: "--xattrs and --acls",
  },
  {
    feature: "lists",
    isNeeded: ({ job, sources }) => job.direction === "pull" ? job.more : haveTargets(sources),
    unsupportedMessage: (host, escp) => `Cannot use a list of sources: ${escp} on ${host} does not support it`,
  },
  {
    feature: "listed",
    isNeeded: ({ job }) => job.direction === "pull" && job.listed !== undefined,
    unsupportedMessage: (host, escp) => `Cannot use --files-from: ${escp} on ${host} does not support it`,
    optionToDrop: "--files-from",
  },
  {
    feature: "relative",
    isNeeded: ({ job }) => job.direction === "pull" && job.relative !== undefined,
    unsupportedMessage: (host, escp) => `Cannot use --relative: ${escp} on ${host} does not support it`,
    optionToDrop: "--relative",
  },
  {
    feature: "shard",
    isNeeded: ({ job }) => job.shard !== undefined,
    unsupportedMessage: (host, escp) => `Cannot use --shard: ${escp} on ${host} does not support it`,
    optionToDrop: "--shard",
  },
  {
    feature: "chmod",
    isNeeded: ({ job }) => job.direction === "pull" && job.chmod !== undefined,
    unsupportedMessage: (host, escp) => `Cannot use --chmod: ${escp} on ${host} does not support it`,
    optionToDrop: "--chmod",
  },
  {
    feature: "itemize",
    isNeeded: ({ job }) => job.itemize,
    unsupportedMessage: (host, escp) => `Cannot use --itemize-changes: ${escp} on ${host} does not support it`,
    optionToDrop: "--itemize-changes",
  },
  {
    feature: "owners",
    isNeeded: ({ job }) => job.direction === "push" && job.chown !== undefined,
    unsupportedMessage: (host, escp) => `Cannot use --chown: ${escp} on ${host} does not support it`,
    optionToDrop: "--chown",
  },
  {
    feature: "dummy",
    isNeeded: ({ job }) => job.dummy !== undefined,
    unsupportedMessage: (host, escp) => `Cannot use --ioengine dummy: ${escp} on ${host} does not support it`,
  },
  {
    feature: "congestion",
    isNeeded: ({ job }) => job.direction === "pull" && job.congestion !== undefined,
    unsupportedMessage: (host, escp) => `Cannot use --congestion: ${escp} on ${host} does not support it`,
    optionToDrop: "--congestion",
  },
  {
    feature: "reverse",
    isNeeded: ({ reach }) => reach?.reverse !== undefined && reach.tunnel !== "always",
    unsupportedMessage: (host, escp) => `Cannot use --reverse: ${escp} on ${host} does not support it`,
  },
  {
    feature: "manifest",
    isNeeded: ({ job, manifest }) => manifest && job.direction === "push",
    unsupportedMessage: (host, escp) =>
      `Cannot write a manifest: ${escp} on ${host} does not report the names of written files`,
  },
];

/** Returns the features that a clean run needs. */
export function requiredToClean({ log }: CleanJob): RequiredFeature[] {
  const clean: RequiredFeature = {
    feature: "clean",
    unsupportedMessage: (host, escp) => `Cannot use --clean: ${escp} on ${host} does not support it`,
  };
  return log === undefined ? [clean] : [clean, REMOTE_LOG];
}

/** Returns the features that a copy needs. */
export function requiredFeatures(copy: DemandingCopy): RequiredFeature[] {
  return REQUIREMENTS.filter(({ isNeeded }) => isNeeded(copy));
}

/**
 * Returns notes about options that have no effect because the peer is too old.
 *
 * @param features features that both ends support.
 * @param host name of the peer.
 */
export function missingFeatures(
  request: Pick<CopyRequest, "compress" | "sparse">,
  features: readonly string[],
  host: string,
): string[] {
  const missing: string[] = [];
  if (request.compress && !features.includes("compress")) {
    missing.push(`escp on ${host} cannot compress: the data is sent uncompressed`);
  }
  if (request.sparse && !features.includes("sparse")) {
    missing.push(`escp on ${host} does not support --sparse: holes may become zeros`);
  }
  return missing;
}
