/** Chooses how the root of a copy that is a device is written. */

import type { TargetRoot } from "../engine/target_root.ts";
import type { FileIdentity } from "../stat/file_identity.ts";
import { type Device, DeviceWriter } from "./device_writer.ts";
import { STANDARD_OUTPUT } from "./name.ts";
import { StandardOutput } from "./standard_output.ts";

/**
 * Returns the writer of a root that is a device, as `TargetWriter.openDevice`.
 *
 * @param create Returns the engine's device for a path, which must have the identity if one is given.
 */
export function deviceWriterOf(
  root: TargetRoot | undefined,
  note: (text: string) => void,
  create: (path: string, identity?: FileIdentity) => Device,
): DeviceWriter | undefined {
  if (root?.kind !== "device") return undefined;
  const { path, identity } = root;
  return new DeviceWriter(path === STANDARD_OUTPUT ? new StandardOutput() : create(path, identity), root, note);
}
