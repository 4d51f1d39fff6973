/** What the other end has to know for a copy to be what the user asked for. */

import type { CopyRequest } from "./copy_request.ts";

/**
 * What a copy does without, as the other end is too old for it: it leaves out what it does not know.
 *
 * @param features that both ends know.
 * @param host what the user calls the other end.
 * @returns sentences for the user.
 */
export function missingFeatures(request: CopyRequest, features: readonly string[], host: string): string[] {
  const missing: string[] = [];
  if (request.compress && !features.includes("compress")) {
    missing.push(`escp on ${host} cannot compress: the data goes as it is`);
  }
  if (request.sparse && !features.includes("sparse")) {
    missing.push(`escp on ${host} does not know --sparse: holes may become zeros`);
  }
  return missing;
}
