import { assert, assertEquals, assertMatch } from "@std/assert";
import { beforeAll, it } from "@std/testing/bdd";
import type { Step } from "../../../src/doctor/step.ts";
import { alteredEscp, escpCommand, type EscpOptions, runEscp, startEscp } from "../../support/escp/escp_command.ts";
import { onTerminal, terminalProblem } from "../../support/escp/terminal.ts";
import { lastEvent, parseEvents } from "../../support/escp/json_events.ts";
import { listNames } from "../../support/files/list_names.ts";
import { describeWithNetworks } from "../../support/hosts/network.ts";
import { closed, reportRejections, startPair } from "../../support/hosts/network_pair.ts";
import { remoteConfig } from "../../support/escp/remote_settings.ts";
import { startSshd } from "../../support/hosts/sshd.ts";
import { describeWithScene, type Engine, ENGINES } from "../../support/scene.ts";
import { writeWrapper } from "../../support/shell_script.ts";
import { createTempDirectory } from "../../support/files/temp.ts";

/** Measures everything, as briefly and imprecisely as possible. */
const QUICK = ["--doctor", "--doctor-time", "40"];

const NAMES = [
  "login",
  "escp",
  "system here",
  "system there",
  "round trip control",
  "ports",
  "round trip stream",
  "throughput push 1",
  "throughput push 4",
  "throughput pull 1",
  "throughput pull 4",
  "disk there",
  "disk here",
  "cipher there",
  "cipher here",
];

function nameOf(step: Step): string {
  switch (step.step) {
    case "system":
    case "disk":
    case "cipher":
      return `${step.step} ${step.end}`;
    case "round trip":
      return `${step.step} ${step.over}`;
    case "throughput":
      return `${step.step} ${step.direction} ${step.streams}`;
    default:
      return step.step;
  }
}

/** Returns the steps of `--json` by name, without bottleneck and advice, and the last event. */
function read(stdout: string): { steps: Map<string, Step>; end: Record<string, unknown> } {
  const lines = parseEvents(stdout);
  const end = lines.pop();
  assertEquals([end.event, ...new Set(lines.map(({ event }) => event))], ["end", "step"]);
  const measured = (lines as Step[]).filter(({ step }) => step !== "bottleneck" && step !== "advice");
  return { steps: new Map(measured.map((step) => [nameOf(step), step])), end };
}

/** Returns the status of each step that is not "ok". */
function notOk(steps: Map<string, Step>): Record<string, string> {
  return Object.fromEntries(
    [...steps].filter(([, { status }]) => status !== "ok").map(([name, it]) => [name, it.status]),
  );
}

/** Returns the names in a directory except those of settings and of Deno's cache. */
function names(directory: string): string[] {
  return listNames(directory).filter((name) => name !== ".config" && name !== ".cache");
}

describeWithScene("--doctor", (scene) => {
  let here: string;
  beforeAll(async () => {
    here = await scene.tree();
  });

  const args = (operand = "testhost", { engine, flags = [] }: { engine?: Engine; flags?: string[] } = {}) => [
    ...scene.sshd.sshOptions,
    ...(engine ? ["--engine", engine, "-D", `${scene.sshd.binDirectory}/${engine}/escp`] : []),
    ...QUICK,
    ...flags,
    operand,
    here,
  ];

  /** Runs --doctor with `--json` and checks that it leaves neither files nor processes. */
  async function examine(
    operand?: string,
    { engine, flags = [], ...options }: { engine?: Engine; flags?: string[] } & EscpOptions = {},
  ) {
    const result = await runEscp(args(operand, { engine, flags: ["--json", ...flags] }), options);
    assertEquals(await result.leftBehind(), []);
    await scene.sshd.waitForNoSession();
    assertEquals([names(here), names(scene.sshd.home)], [[], []]);
    return { ...result, ...read(result.stdout) };
  }

  for (const engine of ENGINES) {
    it(`reports all steps of a healthy host as ok (${engine})`, async () => {
      const there = await scene.tree();
      const { code, stderr, steps, end } = await examine(`testhost:${there}`, { engine, flags: ["--threads", "2"] });
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assertEquals(names(there), []);
      assertEquals([...steps.keys()], NAMES);
      assertEquals(notOk(steps), {});
      assertEquals(end, { event: "end", status: "ok", exitStatus: 0 });
      for (const name of ["system here", "system there"]) {
        const { system } = steps.get(name) as Extract<Step, { step: "system" }>;
        assertEquals([system!.cipher.engine, system!.files], [engine, engine]);
      }
      for (const [name, step] of steps) {
        if (step.step === "throughput") assert(step.bytesPerSecond! > 0 && step.coresThere! >= 0, name);
        if (step.step === "round trip") assert(step.ms! > 0, name);
        if (step.step === "disk") {
          const { folder, cached, bytes, writeBytesPerSecond, readBytesPerSecond } = step.disk!;
          assertEquals([folder, cached], [step.end === "there" ? there : here, engine === "portable"]);
          assert(bytes > 0 && writeBytesPerSecond > 0 && readBytesPerSecond > 0);
        }
        if (step.step === "cipher") assert(step.cipher!.bytesPerSecond > 0, name);
      }
      const ports = steps.get("ports") as Extract<Step, { step: "ports" }>;
      assertMatch(ports.attempts[0].way, /^127\.0\.0\.1:\d+$/);
      assertEquals(ports.attempts.filter(({ problem }) => problem !== "not needed").length, 1);
    });
  }

  it("prints the verdict first, and with -v one line per step", async () => {
    const brief = await runEscp(args("testhost", { flags: ["-t", "1"] }));
    assertEquals({ code: brief.code, stderr: brief.stderr }, { code: 0, stderr: "" });
    assertMatch(
      brief.stdout,
      /^ok: copies work, up to \S+ \S+ to testhost \(limit: .*\), \S+ \S+ from testhost \(limit: .*\)\n/,
    );
    assert(!/^(ok|skipped) |bottleneck/m.test(brief.stdout), brief.stdout);
    const { code, stdout, stderr } = await runEscp(args("testhost", { flags: ["-t", "1", "-v"] }));
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertMatch(stdout, /^ok: copies work, /);
    for (
      const line of [
        /^ok {7}login {10}testhost, \d+\.\d\d s/m,
        /^ok {7}escp {11}remote \S+, local \S+$/m,
        /^ok {7}ports {10}127\.0\.0\.1:\d+$/m,
        /^ok {7}round trip {5}\S+ ms over a stream$/m,
        /^ok {7}throughput {5}\S+ \S+ to testhost, 1 stream; busy cores: \S+ local, \S+ remote$/m,
        /^ok {7}remote disk {4}writes .+, reads .+ in \//m,
        /^ok {7}local cipher {3}.+ per core, aes-128-gcm$/m,
        /^ {9}bottleneck {5}from testhost: /m,
      ]
    ) assertMatch(stdout, line);
  });

  it("shows the step in progress on a terminal", { ignore: terminalProblem !== undefined }, async () => {
    const [program, ...words] = onTerminal([...escpCommand(), ...args()]);
    const env = { TERM: "xterm" };
    const { code, stdout } = await new Deno.Command(program, { args: words, stdin: "null", env }).output();
    const text = new TextDecoder().decode(stdout);
    assertEquals(code, 0, text);
    const shown = Array.from(text.matchAll(/examining testhost: (.+?) \.\.\./g), ([, step]) => step);
    assertEquals([shown[0], shown.at(-1)], ["remote system", "local cipher"], text);
    assert(shown.includes("throughput to testhost, 1 stream"), text);
  });

  it("reports how to install a missing escp", async () => {
    await using bare = await startSshd({ escp: false });
    const { code, stdout } = await runEscp([...bare.sshOptions, ...QUICK, "--json", "testhost", here]);
    assertEquals([code, notOk(read(stdout).steps)], [255, { escp: "fail" }]);
    assertMatch(stdout, /"advice".*escp --install testhost.*--bootstrap always/);
  });

  it("recommends no installation if the path of -D does not exist", async () => {
    const { code, steps, stdout } = await examine("testhost", { flags: ["-D", "escp-that-is-none"] });
    assertEquals([code, notOk(steps)], [255, { escp: "fail" }]);
    assertEquals([...steps.keys()], ["login", "escp"]);
    assertMatch(steps.get("escp")!.problem!, /it is not installed there/);
    assertMatch(steps.get("escp")!.hint!, /^Check the path of -D/);
    assert(!stdout.includes("--install"), stdout);
  });

  it("reports that ssh cannot log in", async () => {
    const { code, steps } = await examine("nobody@testhost", { flags: ["-oUser=nobody", "-oPubkeyAuthentication=no"] });
    assertEquals([code, notOk(steps), steps.size], [255, { login: "fail" }, 1]);
    assertMatch(steps.get("login")!.problem!, /^Cannot log in to nobody@testhost/);
  });

  it("reports that ssh is missing", async () => {
    const { code, steps } = await examine("testhost", { flags: ["-S", "/no/ssh"] });
    assertEquals([code, notOk(steps), steps.size], [255, { login: "fail" }, 1]);
  });

  it("fails for missing directories and measures everything else", async () => {
    const found = await examine("testhost:none/of/it");
    assertEquals([found.code, notOk(found.steps), [...found.steps.keys()]], [1, { "disk there": "fail" }, NAMES]);
    assertMatch(found.steps.get("disk there")!.problem!, /none\/of\/it": No such file/);
    assertEquals(found.end.exitStatus, 1);
    const wrong = [...args("testhost", { flags: ["--json"] }).slice(0, -1), `${here}/none`];
    const { code, stdout } = await runEscp(wrong);
    assertEquals([code, notOk(read(stdout).steps)], [1, { "disk here": "fail" }]);
  });

  it("measures with the selected congestion control", { ignore: Deno.build.os !== "linux" }, async () => {
    const { code, steps } = await examine("testhost", { flags: ["--congestion", "there-is-none"] });
    assertEquals([code, notOk(steps)], [1, { "throughput push 1": "fail" }]);
    assertMatch(steps.get("throughput push 1")!.problem!, /congestion control there-is-none/);
    assertEquals((await examine("testhost", { flags: ["--congestion", "reno"] })).code, 0);
  });

  it("respects the limits of the host", async () => {
    {
      await using _config = await remoteConfig(scene, "allow: [pull]\n");
      const { code, steps } = await examine();
      assertEquals([code, notOk(steps)], [0, { "throughput push 1": "warn" }]);
      assertMatch(steps.get("throughput push 1")!.problem!, /does not allow copies to it/);
      assert(!steps.has("disk there"));
    }
    {
      await using _config = await remoteConfig(scene, "allow: []\n");
      const { code, steps } = await examine();
      assertEquals([code, notOk(steps)], [1, { "throughput push 1": "warn", "throughput pull 1": "fail" }]);
    }
    const [inside, outside] = [await scene.tree(), await scene.tree()];
    await using _config = await remoteConfig(scene, `root: ${inside}\n`);
    const found = await examine(`testhost:${outside}`);
    assertEquals([found.code, notOk(found.steps)], [1, { "disk there": "fail" }]);
    assertMatch(found.steps.get("disk there")!.problem!, /allows only paths in/);
    assertEquals((await examine("testhost:")).code, 0);
    assertEquals([names(inside), names(outside)], [[], []]);
  });

  it("skips the steps that an older escp does not support", async () => {
    await using directory = await createTempDirectory();
    const path = `${directory.path}/escp`;
    const cannot = ["system there", "round trip control", "round trip stream", "throughput pull 4", "disk there"];
    for (
      const [script, more] of [["without_probes.ts", []], ["without_features.ts", [
        "ports",
        "throughput push 4",
      ]]] as const
    ) {
      await writeWrapper(path, alteredEscp(script));
      const { code, stderr, steps } = await examine("testhost", { flags: ["-D", path] });
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      const skipped = [...cannot, ...more, "cipher there"].map((name) => [name, "skipped"]);
      assertEquals(notOk(steps), { escp: "warn", ...Object.fromEntries(skipped) });
      assertMatch(steps.get("disk there")!.problem!, /on testhost does not support this step$/);
    }
  });

  for (
    const [when, pattern] of [
      ["while it sends", /"over":"stream"/],
      ["at the disk", /"direction":"pull","streams":1/],
    ] as const
  ) {
    it(`leaves nothing after an interruption ${when}`, async () => {
      const flags = ["--json", "-t", "1", "--doctor-time", when === "at the disk" ? "500" : "60000"];
      await using running = await startEscp(args("testhost", { flags }));
      await running.waitForText("stdout", pattern);
      running.kill("SIGINT");
      const { code, stdout, stderr, leftBehind } = await running.result;
      assertEquals([code, stderr], [130, "escp: Interrupted\n"]);
      assertEquals(lastEvent(stdout), { event: "end", status: "failed", exitStatus: 130 });
      assertEquals(await leftBehind(), []);
      await scene.sshd.waitForNoSession();
      assertEquals([names(here), names(scene.sshd.home)], [[], []]);
    });
  }
});

describeWithNetworks("--doctor with closed data ports", () => {
  it("reports the ports that failed, the replacement, and the ports to open", async () => {
    await using pair = await startPair(closed("prohibit"));
    await reportRejections(pair.network);
    await using here = await createTempDirectory();
    const run = async (...flags: string[]) => {
      const result = await pair.run([...QUICK, "--json", ...flags, "testhost", here.path]);
      assertEquals(await result.leftBehind(), []);
      await pair.sshd.waitForNoSession();
      return { ...result, ...read(result.stdout) };
    };
    const { code, stderr, stdout, steps } = await run("-t", "2");
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertEquals(notOk(steps), { ports: "warn" });
    const { attempts, tunnel } = steps.get("ports") as Extract<Step, { step: "ports" }>;
    assertEquals([tunnel, attempts.at(-1)], ["ssh -W", { way: "ssh -W" }]);
    assertMatch(`${attempts[0].way} ${attempts[0].problem}`, /^10\.77\.0\.2:12\d\d No route to host/);
    assertEquals(steps.get("ports")!.problem, "no data port of testhost can be reached");
    assertMatch(stdout, /"advice".*Open TCP ports 1232-1242 of testhost .*escp-portrange/);

    const requested = await run("-t", "2", "--escp-portrange", "1234-1236");
    assertMatch(requested.stdout, /"advice".*which is slower\. Open TCP ports 1234-1236 of testhost for this machine"/);

    const reverse = await run("-t", "2", "--reverse");
    assertEquals([reverse.code, notOk(reverse.steps)], [0, {}], reverse.stdout);
    assertMatch(JSON.stringify(reverse.steps.get("ports")), /10\.77\.0\.2 \(which has connected to this machine\)/);

    const never = await run("--tunnel", "never");
    assertEquals([never.code, notOk(never.steps)], [255, { ports: "fail" }]);
    assertMatch(never.steps.get("ports")!.problem!, /^Cannot reach the data port/);
    assertMatch(never.steps.get("ports")!.hint!, /^Open TCP ports 1232-1242/);
  });
});
