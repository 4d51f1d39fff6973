/** A release for this machine, made from the escp under test. */

import { fromFileUrl } from "@std/path";
import { type BuiltExecutable, writeRelease } from "../../../scripts/release/write_release.ts";
import { ownSystem } from "../../../src/bootstrap/system.ts";
import { afterAll, beforeAll } from "../../support/bdd.ts";
import { escpCommand, writeEscpWrapper } from "../../support/escp/escp_command.ts";
import { createTempDirectory, type TempDirectory } from "../../support/files/temp.ts";

export const ROOT: string = fromFileUrl(new URL("../../..", import.meta.url)).replace(/\/$/, "");
export const VERSION = "1.2.3";

/** Writes a release into a directory. The executable is ESCP_BINARY, or a script that runs escp from source. */
async function writeSampleRelease(directory: string): Promise<void> {
  const built: BuiltExecutable = { target: { system: ownSystem(Deno.build)!, extension: "" }, path: "" };
  built.path = `${directory}/escp-${VERSION}-${built.target.system}`;
  await Deno.mkdir(directory, { recursive: true });
  if (Deno.env.get("ESCP_BINARY")) await Deno.copyFile(escpCommand()[0], built.path);
  else await Deno.rename(await writeEscpWrapper(directory), built.path);
  await writeRelease([built], { root: ROOT, directory, version: VERSION });
}

/** Makes one release for a suite. Its path is known in hooks and cases. */
export function releaseOfSuite(): { readonly path: string; readonly system: string } {
  let directory: TempDirectory;
  beforeAll(async () => {
    directory = await createTempDirectory();
    await writeSampleRelease(`${directory.path}/dist`);
  });
  afterAll(() => directory[Symbol.asyncDispose]());
  return {
    get path() {
      return `${directory.path}/dist`;
    },
    system: ownSystem(Deno.build)!,
  };
}
