import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { it } from "@std/testing/bdd";
import { runEscp, startEscp } from "../../support/escp/escp_command.ts";
import { lastEvent } from "../../support/escp/json_events.ts";
import { listNames } from "../../support/files/list_names.ts";
import { type ProcessId, receiversOf } from "../../support/processes.ts";
import { remoteConfig } from "../../support/escp/remote_settings.ts";
import { describeWithScene, type Direction, ENGINES, type Variant } from "../../support/scene.ts";

describeWithScene("settings", (scene) => {
  const variant = (direction: Direction): Variant => ({ direction, engine: ENGINES[0], streams: 1 });

  it("of the local file apply unless an option overrides them", async () => {
    const tree = await scene.tree({
      "xdg/escp/config.yaml": 'json: true\nhosts: {testhost: {recursive: true}, "*": {streams: 3}}\n',
      "directory/file": "1",
    });
    const env = { XDG_CONFIG_HOME: `${tree}/xdg` };
    const sources = [`${tree}/directory`];
    const { code, stdout, stderr } = await scene.copy(variant("push"), { env, sources, target: `${tree}/new` });
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertEquals(lastEvent(stdout).status, "ok");
    assertEquals(await Deno.readTextFile(`${tree}/new/file`), "1");
    const flags = ["--no-json", "--no-recursive"];
    const plain = await scene.copy(variant("push"), { env, flags, sources, target: `${tree}/other` });
    assertEquals([plain.code, plain.stdout], [1, ""]);
    assertStringIncludes(plain.stderr, "not a regular file");
  });

  it("that are invalid locally end the run before anything is opened", async () => {
    const tree = await scene.tree({ "xdg/escp/config.yaml": "\nstreems: 8\n", "file": "1" });
    const env = { XDG_CONFIG_HOME: `${tree}/xdg` };
    const args = ["-S", "/none/ssh", "--log", `${tree}/log`, `${tree}/file`, "testhost:x"];
    const { code, stdout, stderr } = await runEscp(args, { env });
    const key = `"streems" ("${tree}/xdg/escp/config.yaml", line 2)`;
    assertEquals([code, stdout, stderr.split("\n")[0]], [2, "", `escp: Unknown key ${key}: did you mean "streams"?`]);
    assertEquals(listNames(tree), ["file", "xdg"]);
    for (const question of [["--help"], ["--man"], ["--version"], ["--completions", "bash"]]) {
      assertEquals((await runEscp(question, { env })).code, 0, question[0]);
    }
  });

  it("that are invalid on the remote host are reported with file, line and key", async () => {
    const tree = await scene.tree({ "file": "1" });
    await using config = await remoteConfig(scene, "# mine\nescp-port: many\n");
    const shown = `Key "escp-port" ("${config.path}", line 2) must be a number from 1 to 65535, not "many"`;
    for (const direction of ["push", "pull"] as const) {
      const copy = { sources: [`${tree}/file`], target: `${tree}/new` };
      const { code, stderr } = await scene.copy(variant(direction), copy);
      assertEquals({ code, stderr }, { code: 255, stderr: `escp: Cannot start on testhost: ${shown}\n` });
    }
    const relayed = await runEscp(scene.args(variant("push"), { sources: ["testhost:a"], target: `${tree}/new` }));
    assertEquals({ code: relayed.code, stderr: relayed.stderr }, {
      code: 255,
      stderr: `escp: Cannot start on testhost: ${shown}\n`,
    });
    assertEquals(listNames(tree).length, 1);
  });

  it("select the ports of the remote host, whose own settings have priority", async () => {
    const tree = await scene.tree({ "file": "1" });
    using taken = Deno.listen({ hostname: "::", port: 0 });
    using free = Deno.listen({ hostname: "::", port: 0 });
    const [takenPort, freePort] = [taken.addr.port, free.addr.port];
    free.close();
    const copy = (direction: Direction, ...flags: string[]) =>
      scene.copy(variant(direction), { flags, sources: [`${tree}/file`], target: `${tree}/new` });
    const only = (port: number) => ["--escp_port", `${port}`, "--escp-portrange=0"];
    for (const direction of ["push", "pull"] as const) {
      const { code, stderr } = await copy(direction, ...only(takenPort));
      assertEquals(code, 255);
      assertStringIncludes(stderr, `Cannot listen for data on port ${takenPort}: it is taken`);
      assertMatch(stderr, /hint: .*--escp-port/);
      assertEquals((await copy(direction, ...only(freePort))).code, 0);
      await using _ = await remoteConfig(scene, `escp_port: ${takenPort}\nescp_portrange: ${takenPort}-${takenPort}\n`);
      assertStringIncludes((await copy(direction, ...only(freePort))).stderr, `port ${takenPort}: it is taken`);
    }
    // A local copy does not listen on a port.
    const env = { ESCP_OPTIONS: only(takenPort).join(" ") };
    const local = await runEscp([`${tree}/file`, `${tree}/local`], { env });
    assertEquals({ code: local.code, stderr: local.stderr }, { code: 0, stderr: "" });
  });

  const mask = lastCpu();
  it("set the CPU affinity of both ends", { ignore: mask === undefined || ENGINES[0] !== "native" }, async () => {
    const text = `cpumask: "${mask}"\nnodemask: 1\n`;
    const tree = await scene.tree({ "xdg/escp/config.yaml": text });
    await using _ = await remoteConfig(scene, text);
    const copy = { flags: ["-v"], sources: ["-"], target: `${tree}/x` };
    await using running = await startEscp(scene.args(variant("push"), copy), {
      env: { XDG_CONFIG_HOME: `${tree}/xdg` },
      stdin: "piped",
    });
    const input = running.child.stdin.getWriter();
    await input.write(new Uint8Array(3 << 20));
    await running.waitForText("stderr", /OpenSSL|WebCrypto|node:crypto/);
    const [receiver] = await receiversOf(scene.sshd);
    for (const { pid } of [receiver, { pid: running.pid }]) {
      const allowed = allowedCpus({ pid, startTime: "" });
      assert(allowed.length > 1);
      for (const cpus of allowed) assertEquals(BigInt(`0x${cpus.replaceAll(",", "")}`), BigInt(`0x${mask}`));
      assertStringIncludes(await Deno.readTextFile(`/proc/${pid}/numa_maps`), " bind:0 ");
    }
    await input.close();
    assertEquals((await running.result).code, 0);
  });

  it("with missing CPUs end the copy", { ignore: ENGINES[0] !== "native" }, async () => {
    const text = `cpumask: 1${"0".repeat(200)}\n`;
    const tree = await scene.tree({ "xdg/escp/config.yaml": text, "file": "1" });
    const copy = { sources: [`${tree}/file`], target: `${tree}/new` };
    const here = await scene.copy(variant("push"), { ...copy, env: { XDG_CONFIG_HOME: `${tree}/xdg` } });
    assertEquals(here.code, 2);
    assertStringIncludes(here.stderr, "Cannot use the cpumask: this machine has none of 800");
    await using _ = await remoteConfig(scene, text);
    const there = await scene.copy(variant("push"), copy);
    assertEquals(there.code, 255);
    assertStringIncludes(there.stderr, "Cannot start on testhost: Cannot use the cpumask");
  });

  it("select a log file on the remote host", async () => {
    for (const direction of ["push", "pull", "local"] as const) {
      const tree = await scene.tree({ "many/a": "1", "many/b": { size: 3 << 20 }, "t": { directory: true } });
      const copy = (log: string) =>
        scene.copy(variant(direction), {
          flags: ["-r", `--remote_log=${log}`],
          sources: [`${tree}/many`, `${tree}/none`],
          target: `${tree}/t`,
        });
      const log = direction === "local" ? `${tree}/log` : `~/${direction}.log`;
      assertEquals((await copy(log)).code, 1);
      const path = direction === "local" ? log : `${scene.sshd.home}/${direction}.log`;
      const lines = (await Deno.readTextFile(path)).trim().split("\n");
      for (const line of lines) assertMatch(line, /^\d{4}-\d\d-\d\dT[\d:.]+Z (?:error|warn|info) +[0-9a-f]{8} \S/);
      assertStringIncludes(lines.at(-1)!, "2 files");
      assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
      const sessions = new Set(lines.map((line) => /[0-9a-f]{8}/.exec(line.slice(24))![0]));
      assertEquals(sessions.size, 1);

      const { code, stderr } = await copy(`${tree}/no/directory/log`);
      assertEquals(code, 1);
      assertStringIncludes(stderr, `Cannot open the log file "${tree}/no/directory/log": No such file or directory`);
    }
  });
});

/** Returns the mask of the last CPU that this process may use; `undefined` if there is only one or it is unknown. */
function lastCpu(): string | undefined {
  try {
    const [all] = allowedCpus({ pid: Deno.pid, startTime: "" });
    const bits = BigInt(`0x${all.replaceAll(",", "")}`).toString(2);
    return [...bits].filter((bit) => bit === "1").length > 1 ? (1n << BigInt(bits.length - 1)).toString(16) : undefined;
  } catch {
    return undefined;
  }
}

/** Returns the CPU mask of each thread. */
function allowedCpus({ pid }: ProcessId): string[] {
  return Array.from(Deno.readDirSync(`/proc/${pid}/task`), ({ name }) => {
    const status = Deno.readTextFileSync(`/proc/${pid}/task/${name}/status`);
    return /^Cpus_allowed:\s*(\S+)$/m.exec(status)![1];
  });
}
