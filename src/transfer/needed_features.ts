/** What the other end has to know for a copy to be what the user asked for. */

import { UserError } from "../errors.ts";
import type { CopyRequest } from "./copy_request.ts";

/**
 * What a copy does without, as the other end is too old for it: it leaves out what it does not know.
 *
 * @param features that both ends know.
 * @param host what the user calls the other end.
 * @returns sentences for the user.
 * @throws {UserError} for what cannot be left out.
 */
export function missingFeatures(request: CopyRequest, features: readonly string[], host: string): string[] {
  if (request.dummy && !features.includes("dummy")) {
    throw new UserError(`Cannot use --ioengine dummy: escp on ${host} does not know it`, {
      hint: "Install the same version of escp on both machines",
    });
  }
  const missing: string[] = [];
  if (request.compress && !features.includes("compress")) {
    missing.push(`escp on ${host} cannot compress: the data goes as it is`);
  }
  if (request.sparse && !features.includes("sparse")) {
    missing.push(`escp on ${host} does not know --sparse: holes may become zeros`);
  }
  return missing;
}
