/** An escp on the remote host that knows no optional features, like an older version. */

import type { Scene } from "../scene.ts";
import { writeWrapper } from "../shell_script.ts";
import { alteredEscp } from "./escp_command.ts";

/** Writes the executable. @returns options that select it on the remote host. */
export async function oldEscpFlags(scene: Scene): Promise<string[]> {
  const path = `${await scene.tree()}/escp`;
  await writeWrapper(path, alteredEscp("without_features.ts"));
  return ["-D", path];
}
