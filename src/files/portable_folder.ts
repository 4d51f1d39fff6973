/** Making folders with `Deno.*`. */

import { NEW_FOLDER_MODE } from "./target_mode.ts";

/** Makes a folder that is unfinished until it gets its own mode. @throws what `Deno.mkdirSync` throws. */
export function makeUnfinishedFolder(path: string): void {
  Deno.mkdirSync(path, { mode: NEW_FOLDER_MODE & 0o777 });
  if (Deno.build.os === "windows") return;
  try {
    // `Deno.mkdirSync` knows permissions only; what the folder has inherited stays.
    const { mode } = Deno.lstatSync(path);
    Deno.chmodSync(path, ((mode ?? 0) & 0o7000) | NEW_FOLDER_MODE);
  } catch {
    // Where there is no such bit, an interrupted copy does without.
  }
}
