/** What a target refuses by its nature. */

import { FileError } from "../../errors.ts";

/** The path no longer names the device that was found when the target was planned. */
export function replacedDevice(path: string): FileError {
  return new FileError("write", path, "another file has taken the place of the device", { code: "ESTALE" });
}

/** A device cannot go back. */
export function outOfOrder(path: string): FileError {
  return new FileError("write", path, "it can only be written from start to end", { code: "ESPIPE" });
}
