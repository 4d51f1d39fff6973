import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { describe, it } from "@std/testing/bdd";

const PROGRAM = fromFileUrl(new URL("terminated_threads.ts", import.meta.url));

describe("a terminated thread", { ignore: Deno.build.os !== "linux" }, () => {
  it("leaves no call that writes to memory reused by another thread", async () => {
    const args = ["run", "--quiet", "--no-check", "--allow-all", PROGRAM];
    const { code, stderr } = await new Deno.Command(Deno.execPath(), { args, stdin: "null" }).output();
    assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
  });
});
