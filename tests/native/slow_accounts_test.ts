import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { createTempDirectory } from "../support/files/temp.ts";
import { slowServiceProblem, writeWithSlowService } from "../support/hosts/accounts.ts";

const SKIPPED = slowServiceProblem === undefined ? "" : ` (skipped: ${slowServiceProblem})`;

describe(`accounts of a slow directory service${SKIPPED}`, { ignore: slowServiceProblem !== undefined }, () => {
  it("are found once each, and do not block the event loop", async () => {
    await using directory = await createTempDirectory();
    const script = new URL("slow_look_ups.ts", import.meta.url).pathname;
    const command = [Deno.execPath(), "run", "--quiet", "--allow-all", script];
    const { path, log } = await writeWithSlowService(directory.path, { id: 23501, ms: 200 }, command);
    const { stdout, stderr } = await new Deno.Command(path).output();
    const printed = new TextDecoder().decode(stdout);
    const expected = { id: 23501, names: ["escp-slow", "escp-slow", "escp-slow"], timersRan: true };
    assertEquals(printed && JSON.parse(printed), expected, new TextDecoder().decode(stderr));
    assertEquals(await Deno.readTextFile(log), "getpwnam\ngetgrgid\n");
  });

  it("are not unknown if a look-up fails, and are looked up again", async () => {
    await using directory = await createTempDirectory();
    const script = new URL("failed_look_ups.ts", import.meta.url).pathname;
    const command = [Deno.execPath(), "run", "--quiet", "--allow-all", script];
    const { path } = await writeWithSlowService(directory.path, { id: 23501, ms: 0, failures: 2 }, command);
    const { stdout, stderr } = await new Deno.Command(path).output();
    const printed = new TextDecoder().decode(stdout);
    const failed = "ETIMEDOUT Connection timed out";
    assertEquals(
      printed && JSON.parse(printed),
      [failed, failed, 23501, "escp-slow", "unknown"],
      new TextDecoder().decode(stderr),
    );
  });
});
