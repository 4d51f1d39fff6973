/** Files of an end with "--ioengine dummy". */

import type { FileEngine } from "../files/engine/engine.ts";
import type { TargetRoot } from "../files/engine/target_root.ts";
import type { WireSource } from "../protocol/control/messages.ts";
import type { Dummy } from "../protocol/control/job.ts";

/** Returns the engine, or the null engine if the end uses it. Loads that only if needed. */
export async function filesFor(
  files: FileEngine,
  dummy: Dummy | undefined,
  end: "sender" | "receiver",
): Promise<FileEngine> {
  if (dummy !== end && dummy !== "both") return files;
  const { createNullEngine } = await import("../files/null/engine.ts");
  return createNullEngine(files);
}

/** Returns a target for a source. Nothing is examined or created for it. */
export function dummyRoot({ kind, name }: Pick<WireSource, "kind" | "name">): TargetRoot {
  return kind === "folder" ? { kind, path: "", created: false } : { kind: "file", directory: "", name };
}
