import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { it } from "@std/testing/bdd";
import { runEscp, startEscp } from "../../support/escp/escp_command.ts";
import { parseEvents } from "../../support/escp/json_events.ts";
import { listNames } from "../../support/files/list_names.ts";
import { randomBytes } from "../../support/files/random_bytes.ts";
import { describeWithScene, ENGINES } from "../../support/scene.ts";

/** Sizes around a block, and more than the pipes can buffer. */
const SIZES = [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 9_000_001];

describeWithScene("a pipe", (scene) => {
  const remote = (engine: string) => [
    ...scene.sshd.sshOptions,
    ...["-D", `${scene.sshd.binDirectory}/${engine}/escp`, "--engine", engine],
  ];

  for (const engine of ENGINES) {
    it(`is a source of any length and a target (${engine})`, async () => {
      const tree = await scene.tree();
      for (const size of SIZES) {
        const bytes = randomBytes(size, size);
        const sent = await runEscp([...remote(engine), "-", `testhost:${tree}/f${size}`], { stdin: bytes });
        assertEquals({ code: sent.code, stderr: sent.stderr }, { code: 0, stderr: "" }, `${size} bytes in`);
        assertEquals(await Deno.readFile(`${tree}/f${size}`), bytes);
        const fetched = await runEscp([...remote(engine), `testhost:${tree}/f${size}`, "-"]);
        assertEquals({ code: fetched.code, stderr: fetched.stderr }, { code: 0, stderr: "" }, `${size} bytes out`);
        assertEquals(fetched.stdoutBytes, bytes);
      }
      assertEquals(listNames(tree).filter((name) => name.startsWith(".")), []);
    });
  }

  it("is the source if there is a single operand after --", async () => {
    const tree = await scene.tree();
    const { code, stderr } = await runEscp([...scene.sshd.sshOptions, "--", `testhost:${tree}/x`], {
      stdin: new TextEncoder().encode("piped"),
    });
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertEquals(await Deno.readTextFile(`${tree}/x`), "piped");
  });

  it("has no known size before its end", async () => {
    const tree = await scene.tree();
    const args = [...scene.sshd.sshOptions, "--json", "-l", "40000", "-", `testhost:${tree}/x`];
    await using running = await startEscp(args, { stdin: "piped" });
    const input = running.child.stdin.getWriter();
    // More than the connections can buffer.
    await input.write(randomBytes(8 << 20, 1));
    await running.waitForText("stdout", /"progress".*"bytes":[1-9]/);
    await input.close();
    const { code, stdout } = await running.result;
    assertEquals(code, 0);
    const events = parseEvents(stdout);
    const progress = events.filter(({ event, bytes }) => event === "progress" && bytes > 0)[0];
    assertEquals([progress.totalKnown, progress.secondsLeft], [false, null]);
    assertEquals(events.at(-1).bytes, 8 << 20);
  });

  it("is a source and a target of local copies", async () => {
    const tree = await scene.tree();
    assertEquals((await runEscp(["-", "x"], { cwd: tree, stdin: "local" })).code, 0);
    const { code, stdout } = await runEscp(["x", "-"], { cwd: tree });
    assertEquals({ code, stdout }, { code: 0, stdout: "local" });
  });

  it("is refused with a directory or several files", async () => {
    const tree = await scene.tree({ "directory/one": "1", "two": "2" });
    const into = await runEscp([...scene.sshd.sshOptions, "-", `testhost:${tree}/directory`], { stdin: "x" });
    assertEquals(into.code, 1);
    assertStringIncludes(into.stderr, "Is a directory");
    const out = await runEscp([...scene.sshd.sshOptions, "-r", `testhost:${tree}/directory`, "-"]);
    assertEquals({ code: out.code, stdout: out.stdout }, { code: 1, stdout: "" });
    assertStringIncludes(out.stderr, "only one file");
    for (const args of [["-", "-"], ["-", "x", "h:"], ["h:a", "h:b", "-"], ["--json", "h:a", "-"]]) {
      assertEquals((await runEscp(args, { stdin: "" })).code, 2, args.join(" "));
    }
  });

  it("leaves no file under the final name when the copy is interrupted", async () => {
    const tree = await scene.tree({ "x": "before" });
    await using running = await startEscp([...scene.sshd.sshOptions, "-v", "-", `testhost:${tree}/x`], {
      stdin: "piped",
    });
    const input = running.child.stdin.getWriter();
    await input.write(randomBytes(3 << 20, 1));
    await running.waitForText("stderr", /OpenSSL|WebCrypto|node:crypto/);
    running.kill("SIGTERM");
    assertEquals((await running.result).code, 130);
    await input.abort().catch(() => {});
    await scene.sshd.waitForNoSession();
    assertEquals(listNames(tree), ["x"]);
    assertEquals(await Deno.readTextFile(`${tree}/x`), "before");
  });

  it("that cannot be written ends the copy with a message", async () => {
    const tree = await scene.tree({ "large": { size: 20 << 20 } });
    await using running = await startEscp([...scene.sshd.sshOptions, `testhost:${tree}/large`, "/dev/full"]);
    const { code, stderr } = await running.result;
    assertEquals(code, 1);
    assert(/No space left on device/.test(stderr), stderr);
  });
});
