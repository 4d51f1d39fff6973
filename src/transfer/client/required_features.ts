/** What the other end has to know for a copy to be what the user asked for. */

import type { CleanJob, CopyJob } from "../../protocol/control/job.ts";
import type { RequiredFeature } from "../../session/model/required_feature.ts";
import type { Reach } from "../../ssh/reach.ts";
import { type AskedSource, haveTargets } from "./asked_sources.ts";
import type { CopyRequest } from "./copy_request.ts";

/** A copy, as far as it asks for what an older other end does not know. */
export interface DemandingCopy {
  job: CopyJob;
  sources: readonly AskedSource[];
  /** This end writes a manifest. */
  manifest?: boolean;
  /** How the other host is reached. */
  reach?: Pick<Reach, "reverse" | "tunnel">;
}

const REMOTE_LOG: RequiredFeature = {
  feature: "remote-log",
  unsupportedMessage: (host, escp) => `Cannot have a log on ${host}: ${escp} there cannot write one`,
  optionToDrop: "--remote-log",
};

const NEEDED: readonly (RequiredFeature & { isNeeded: (copy: DemandingCopy) => boolean | undefined })[] = [
  { ...REMOTE_LOG, isNeeded: ({ job }) => job.log !== undefined },
  {
    feature: "update",
    isNeeded: ({ job }) => job.update !== undefined || job.dryRun,
    unsupportedMessage: (host, escp) => `Cannot ask what is on ${host} already: ${escp} there cannot tell`,
  },
  {
    feature: "fsync",
    isNeeded: ({ job }) => job.direction === "push" && job.fsync,
    unsupportedMessage: (host, escp) => `Cannot use --fsync: ${escp} on ${host} does not know it`,
  },
  {
    feature: "verify",
    isNeeded: ({ job }) => job.verify,
    unsupportedMessage: (host, escp) => `Cannot use --verify: ${escp} on ${host} does not know it`,
  },
  {
    feature: "xattrs",
    isNeeded: ({ job }) => job.xattrs || job.acls,
    unsupportedMessage: (host, escp) =>
      `Cannot keep extended attributes or access control lists: ${escp} on ${host} cannot send them`,
    optionToDrop: "--xattrs and --acls",
  },
  {
    feature: "lists",
    isNeeded: ({ job, sources }) => job.direction === "pull" ? job.more : haveTargets(sources),
    unsupportedMessage: (host, escp) => `Cannot copy from a list with ${host}: ${escp} there knows of none`,
  },
  {
    feature: "dummy",
    isNeeded: ({ job }) => job.dummy !== undefined,
    unsupportedMessage: (host) => `Cannot use --ioengine dummy: escp on ${host} does not know it`,
  },
  {
    feature: "congestion",
    isNeeded: ({ job }) => job.direction === "pull" && job.congestion !== undefined,
    unsupportedMessage: (host, escp) =>
      `Cannot choose the congestion control of ${host}: ${escp} there does not know how`,
    optionToDrop: "--congestion",
  },
  {
    feature: "reverse",
    isNeeded: ({ reach }) => reach?.reverse !== undefined && reach.tunnel !== "always",
    unsupportedMessage: (host, escp) => `Cannot use --reverse: ${escp} on ${host} does not know it`,
  },
  {
    feature: "manifest",
    isNeeded: ({ job, manifest }) => manifest && job.direction === "push",
    unsupportedMessage: (host) => `Cannot write a manifest: escp on ${host} does not tell under which names it writes`,
  },
];

/** What cleaning on another host cannot do without. */
export function requiredToClean({ log }: CleanJob): RequiredFeature[] {
  const clean: RequiredFeature = {
    feature: "clean",
    unsupportedMessage: (host, escp) => `Cannot use --clean: ${escp} on ${host} does not know it`,
  };
  return log === undefined ? [clean] : [clean, REMOTE_LOG];
}

/** What the copy cannot do without. */
export function requiredFeatures(copy: DemandingCopy): RequiredFeature[] {
  return NEEDED.filter(({ isNeeded }) => isNeeded(copy));
}

/**
 * What a copy does without, as the other end is too old for it: it leaves out what it does not know.
 *
 * @param features that both ends know.
 * @param host what the user calls the other end.
 * @returns sentences for the user.
 */
export function missingFeatures(
  request: Pick<CopyRequest, "compress" | "sparse">,
  features: readonly string[],
  host: string,
): string[] {
  const missing: string[] = [];
  if (request.compress && !features.includes("compress")) {
    missing.push(`escp on ${host} cannot compress: the data goes as it is`);
  }
  if (request.sparse && !features.includes("sparse")) {
    missing.push(`escp on ${host} does not know --sparse: holes may become zeros`);
  }
  return missing;
}
