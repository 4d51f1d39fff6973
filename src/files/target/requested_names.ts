/** Names directly in a target that its receiver has requested, if the sender offers the contents of a directory. */

import { ProtocolError, quotePath } from "../../errors.ts";
import { decodeName } from "../../protocol/names.ts";
import type { TargetRoot } from "../engine/target_root.ts";

/** Checks the path bytes[start, end) below a root. @throws {ProtocolError} code "unasked" if it was not requested. */
export function checkRequested(root: TargetRoot | undefined, bytes: Uint8Array, start: number, end: number): void {
  if (root?.kind !== "folder" || !root.only || start === end) return;
  const path = decodeName(bytes.subarray(start, end));
  const slash = path.indexOf("/");
  if (root.only.has(slash < 0 ? path : path.slice(0, slash))) return;
  throw new ProtocolError("unasked", `Cannot accept ${quotePath(path)}: it was not requested`);
}
