/** Which files an end works with when the user wants dummies. */

import type { FileEngine } from "../files/engine/engine.ts";
import type { TargetRoot } from "../files/engine/target_root.ts";
import type { WireSource } from "../protocol/control/messages.ts";
import type { Dummy } from "../protocol/control/job.ts";

/** The engine, or dummies in its place. Loaded then only: no copy needs them. */
export async function filesFor(
  files: FileEngine,
  dummy: Dummy | undefined,
  end: "sender" | "receiver",
): Promise<FileEngine> {
  if (dummy !== end && dummy !== "both") return files;
  const { createNullEngine } = await import("../files/null/engine.ts");
  return createNullEngine(files);
}

/** Stands for the target of a source; nothing is looked up for it, and nothing made. */
export function dummyRoot({ kind, name }: Pick<WireSource, "kind" | "name">): TargetRoot {
  return kind === "folder" ? { kind, path: "", created: false } : { kind: "file", directory: "", name };
}
