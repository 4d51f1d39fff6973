import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { UsageError } from "../../../src/errors.ts";
import { optionsOf, readLine, usageError } from "./command_lines.ts";

describe("commandOf", () => {
  it("gives --help, --man and --version precedence over all other arguments", () => {
    assertEquals(readLine(["--help", "a"]), { kind: "help", all: false });
    assertEquals(readLine(["a", "-r", "-h", "all"]), { kind: "help", all: true });
    assertEquals(readLine(["--man", "a"]), { kind: "man" });
    assertEquals(readLine(["-V"]), { kind: "version", verbose: false });
    assertEquals(readLine(["-Vv", "a", "b:", "c:"]), { kind: "version", verbose: true });
  });

  it("refuses operands of --receiver", () => {
    assertEquals(readLine(["--receiver"]), {
      kind: "receiver",
      options: {
        engine: "auto",
        threads: undefined,
        local: false,
        served: false,
        onePort: false,
        address: undefined,
        ports: undefined,
        limits: {
          root: undefined,
          allow: undefined,
          bytesPerSecond: undefined,
          isServed: undefined,
          ports: undefined,
          cpumask: undefined,
          nodemask: undefined,
        },
        output: { quiet: true, verbose: 0, json: false, bits: false, stats: false, log: undefined, report: undefined },
      },
    });
    assertEquals(usageError("--receiver", "x"), 'Option "--receiver" takes no operands: paths come with the session');
  });

  it("gives variables of single options less precedence than options, and more than defaults", () => {
    const engine = (args: string[], value: string) => {
      const command = readLine(args, { ESCP_ENGINE: value });
      if (command.kind === "receiver") return command.options.engine;
      return command.kind === "copy" ? command.options.host.engine : undefined;
    };
    assertEquals(engine(["a", "b"], "native"), "native");
    assertEquals(engine(["--engine=portable", "a", "b"], "native"), "portable");
    assertEquals(engine(["--receiver"], "native"), "native");
    assertEquals(engine(["a", "b"], ""), "auto");
    const error = assertThrows(() => engine(["a", "b"], "fast"), UsageError);
    assertEquals(error.message, 'ESCP_ENGINE must be auto, portable or native, not "fast"');
  });
});

describe("--report-from", () => {
  it("takes a report, and the page to write", () => {
    const target = { path: "b.html", format: "html" };
    assertEquals(readLine(["--report-from", "a.json"]), { kind: "report", from: "a.json", target: undefined });
    assertEquals(readLine(["--report", "b.html", "--report-from=a.json"]), { kind: "report", from: "a.json", target });
  });

  it("refuses operands, and every option that it would ignore", () => {
    const refused = (...args: string[]) => usageError("--report-from", "a.json", ...args);
    assertEquals(refused("b"), 'Option "--report-from" takes no operands: it copies nothing');
    const others = ["--clean", "--doctor", "--install", "--json", "--quiet", "--verify", "--no-verify", "--dry-run"];
    for (const option of others) {
      const name = option.replace("--no-", "--");
      assertEquals(refused(option), `Options "--report-from" and "${name}" exclude each other`);
    }
    assertEquals(refused("--log=x"), 'Options "--report-from" and "--log" exclude each other');
    assertEquals(refused("-P", "22"), 'Options "--report-from" and "--port" exclude each other');
    const rules = 'Option "--report-from" takes no rules for files: it copies nothing';
    assertEquals([refused("--exclude", "x"), refused("--include-from", "x")], [rules, rules]);
    assertMatch(refused("--report", "b.json"), /must end in ".html"$/);
  });
});

describe("--install", () => {
  it("takes hosts, and options for reaching them", () => {
    const args = ["--install", "-q", "-P", "2222", "--install-dir=/opt/escp", "--binaries", "dist", "one", "me@two"];
    const { hosts, output } = optionsOf("install", ...args);
    assertEquals(hosts.map(({ host }) => host), [{ host: "one" }, { host: "two", user: "me" }]);
    assertEquals(output.quiet, true);
    for (const { access } of hosts) {
      assertEquals([access.ssh.port, access.installDir, access.binaries], [2222, "/opt/escp", "dist"]);
    }
  });

  it("has the variants --upgrade and --uninstall, which exclude each other", () => {
    const tasks = ["install", "upgrade", "uninstall"] as const;
    assertEquals(tasks.map((task) => optionsOf("install", `--${task}`, "one").task), [...tasks]);
    assertEquals(usageError("--upgrade", "--uninstall", "one"), 'Cannot use "--uninstall" with "--upgrade"');
    assertMatch(usageError("--uninstall"), /^Option "--uninstall" needs at least one host/);
  });

  it("needs at least one host, and refuses paths", () => {
    assertMatch(usageError("--install"), /needs at least one host/);
    assertMatch(usageError("--install", "host:path"), /as a host/);
  });

  it("refuses options without effect", () => {
    for (const flag of ["--dry-run", "--json", "--doctor"]) {
      assertEquals(usageError("--install", flag, "host"), `Cannot use "${flag}" with "--install"`);
    }
  });
});

describe("--doctor", () => {
  const doctor = (...args: string[]) => optionsOf("doctor", "--doctor", ...args);

  it("takes a host or one of its directories, and a local directory", () => {
    const places = (...args: string[]) => {
      const { remote, remoteDirectory, localDirectory } = doctor(...args);
      return [remote.user, remote.host, remote.port, remoteDirectory, localDirectory];
    };
    assertEquals(places("web1"), [undefined, "web1", undefined, "", "."]);
    assertEquals(places("me@web1:"), ["me", "web1", undefined, "", "."]);
    assertEquals(places("me@web1:/data", "/scratch"), ["me", "web1", undefined, "/data", "/scratch"]);
    assertEquals(places("scp://web1:2222/x"), [undefined, "web1", 2222, "x", "."]);
    assertEquals(places("[::1]:x"), [undefined, "::1", undefined, "x", "."]);
  });

  it("takes the options of ssh and of data connections", () => {
    const args = ["-P", "22", "-J", "gate", "-t", "9", "--tunnel", "never", "--doctor-time", "50", "--json", "web1"];
    const { ms, output, host: { access: { ssh, tunnel }, streams } } = doctor(...args);
    assertEquals([ssh.port, ssh.jump, streams, tunnel], [22, "gate", 9, "never"]);
    assertEquals([ms, output.json, doctor("web1").ms], [50, true, 2000]);
  });

  it("needs exactly one host", () => {
    assertMatch(usageError("--doctor"), /needs one host/);
    assertMatch(usageError("--doctor", "a", "b", "c"), /needs one host/);
    assertMatch(usageError("--doctor", "./directory"), /as a host/);
    assertMatch(usageError("--doctor", "a:", "b:"), /a local directory/);
  });
});
