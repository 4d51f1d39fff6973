import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { UsageError } from "../../../src/errors.ts";
import { type Options, readCommandLine } from "../../../src/cli/options/options.ts";

function read(args: string[], env: Record<string, string> = {}) {
  return readCommandLine(args, { env: (name) => env[name], driveLetters: false });
}

function copy(...args: string[]): Options {
  const command = read(args);
  if (command.kind !== "copy") throw new Error(`Not a copy: ${command.kind}`);
  return command.options;
}

function message(...args: string[]): string {
  return (assertThrows(() => read(args), UsageError) as UsageError).message;
}

describe("readCommandLine", () => {
  it("fills in what was not said", () =>
    assertEquals(copy("a", "h:b"), {
      sources: [{ operand: { kind: "local", path: "a" }, literal: false }],
      target: { kind: "remote", host: "h", path: "b" },
      expand: false,
      fileList: undefined,
      fromOrigin: false,
      transfers: [{
        direction: "push",
        sources: [{ path: "a", literal: false }],
        target: { kind: "remote", host: "h", path: "b" },
        remote: { host: "h", user: undefined, port: undefined },
      }],
      fromInput: false,
      toOutput: false,
      tunnel: "auto",
      reverse: undefined,
      remotePath: "escp",
      bootstrap: "auto",
      installDir: undefined,
      binaries: undefined,
      ssh: {
        program: "ssh",
        port: undefined,
        identities: [],
        configFile: undefined,
        jump: undefined,
        options: [],
        cipher: undefined,
        addressFamily: undefined,
        batch: false,
        forwardAgent: false,
        quiet: false,
        verbose: 0,
      },
      ports: undefined,
      streams: undefined,
      cipher: "aes-128-gcm",
      engine: "auto",
      threads: undefined,
      recursive: false,
      preserve: false,
      symlinks: "follow",
      hardlinks: false,
      xattrs: false,
      acls: false,
      sparse: false,
      dummy: undefined,
      fsync: false,
      verify: false,
      direct: true,
      update: undefined,
      dryRun: false,
      resume: true,
      retries: 5,
      bytesPerSecond: 0,
      compress: false,
      congestion: undefined,
      blockBytes: undefined,
      timeoutMs: 60_000,
      filters: [],
      quiet: false,
      log: undefined,
      bits: false,
      remoteLog: undefined,
      json: false,
      verbose: 0,
    }));

  it("knows both hosts of a copy between two others", () => {
    const between = {
      remote: { host: "b", user: "u", port: undefined },
      origin: { host: "a", user: undefined, port: undefined },
    };
    for (const [flag, direction] of [["-3", "relay"], ["-q", "relay"], ["-R", "origin"]]) {
      const [transfer, ...more] = copy(flag, "a:x", "a:y", "u@b:z").transfers;
      const { remote, origin } = transfer;
      assertEquals([transfer.direction, { remote, origin }, more.length], [direction, between, 0]);
    }
  });

  it("has the ports here where the other side connects", () => {
    assertEquals(copy("--reverse", "x", "h:y").reverse, { ports: undefined });
    assertEquals(copy("--reverse", "--escp-port=5000", "x", "h:y").reverse, { ports: { first: 5000, last: 5010 } });
    assertEquals(copy("--reverse", "--no-reverse", "x", "h:y").reverse, undefined);
  });

  it("takes -a for what it stands for, and what is said beside it", () => {
    const { recursive, preserve, symlinks, hardlinks, sparse } = copy("-a", "x", "y");
    assertEquals({ recursive, preserve, symlinks, hardlinks, sparse }, {
      recursive: true,
      preserve: true,
      symlinks: "preserve",
      hardlinks: true,
      sparse: true,
    });
    assertEquals(copy("-a", "--symlinks=skip", "x", "y").symlinks, "skip");
  });

  it("keeps permissions where access control lists are kept, and refuses an engine that cannot", () => {
    const { preserve, xattrs, acls } = copy("--acls", "x", "y");
    assertEquals({ preserve, xattrs, acls }, { preserve: true, xattrs: false, acls: true });
    assertEquals([copy("--xattrs", "x", "y").preserve, copy("--xattrs", "x", "y").xattrs], [false, true]);
    for (const name of ["xattrs", "acls"]) {
      const refused = `Cannot use "--${name}" with the portable engine: it cannot see them`;
      assertEquals(message(`--${name}`, "--engine=portable", "x", "h:y"), refused);
      // Neither end of such a copy is here.
      assertEquals(copy(`--${name}`, "--engine=portable", "a:x", "b:y").transfers[0].direction, "relay");
    }
  });

  it("takes --ioengine for both ends, or for each", () => {
    const read = (value: string) => copy(`--ioengine=${value}`, "x", "y").dummy;
    assertEquals(["posix", "dummy", "dummy::posix", "posix::dummy", "dummy::dummy", "posix::posix"].map(read), [
      ...[undefined, "both", "sender", "receiver", "both", undefined],
    ]);
    assertMatch(message("--ioengine", "uring", "x", "y"), /ioengine/);
    assertMatch(message("--ioengine=dummy", "-", "y"), /standard input/);
    assertEquals(copy("--ioengine=posix::dummy", "-", "y").dummy, "receiver");
    assertEquals(copy("--nodirect", "x", "y").direct, false);
  });

  it("knows updates by time and by contents, and has nothing to compare with a pipe", () => {
    const update = (...args: string[]) => copy(...args, "x", "y").update;
    assertEquals([update(), update("-u"), update("--checksum"), update("-u", "--checksum")], [
      ...[undefined, "times", "contents", "contents"],
    ]);
    assertEquals([copy("x", "y").dryRun, copy("-run", "x", "y").dryRun], [false, true]);
    const nothing = "there is nothing to compare with";
    assertEquals(message("-u", "-", "h:x"), `Cannot use "--update" with standard input: ${nothing}`);
    assertEquals(message("--checksum", "h:x", "-"), `Cannot use "--checksum" with standard output: ${nothing}`);
    const dummy = `Cannot use "--update" with "--ioengine dummy": ${nothing}`;
    assertEquals(message("-u", "--ioengine=posix::dummy", "x", "y"), dummy);
    assertEquals(message("-n", "--", "h:x"), `Cannot use "--dry-run" with standard input: ${nothing}`);
  });

  it("keeps rules in the order given, and refuses one that cannot be used", () => {
    const rules = ["--include=*.c", "--exclude-regex", "^tmp", "--exclude", "*", "--include-regex=x"];
    assertEquals(copy(...rules, "x", "y").filters, [
      { action: "include", kind: "glob", pattern: "*.c" },
      { action: "exclude", kind: "regex", pattern: "^tmp" },
      { action: "exclude", kind: "glob", pattern: "*" },
      { action: "include", kind: "regex", pattern: "x" },
    ]);
    assertMatch(message("--exclude-regex", "(", "x", "y"), /--exclude-regex/);
  });

  it("takes the limit in kilobits, as scp does", () => {
    assertEquals([copy("-l8", "x", "y").bytesPerSecond, copy("-l", "1", "x", "y").bytesPerSecond], [1000, 125]);
    assertEquals(message("-l0", "x", "y"), 'Option "-l" must be a number from 1 to 1000000000, not "0"');
  });

  it("takes a block size in bytes, or with a letter for powers of 1024", () => {
    for (
      const [text, bytes] of [["65536", 65536], ["64K", 65536], ["64k", 65536], ["1M", 1 << 20], ["16MiB", 16 << 20]]
    ) {
      assertEquals(copy(`--blocksize=${text}`, "a", "h:").blockBytes, bytes);
    }
    for (const text of ["", "0", "65535", "63K", "17M", "1T", "1.5M", "-1M", "M", "0x10000", "99999999999999999999"]) {
      assertMatch(
        message(`--blocksize=${text}`, "a", "h:"),
        /^Option "--blocksize" must be a size from 64K to 16M, not /,
      );
    }
  });

  it("takes what is there for EScp's sake", () => {
    assertEquals(copy("--blocksize=1M", "--nochecksum", "--bits", "-C", "a", "h:").bits, true);
    assertEquals(copy("-rC", "a", "h:").compress, true);
  });

  it("takes a dash for standard input or output, and a lone operand behind two dashes", () => {
    const streams = (...args: string[]) => {
      const { fromInput, toOutput, transfers } = copy(...args);
      return [fromInput, toOutput, transfers[0].direction];
    };
    assertEquals(streams("-", "h:x"), [true, false, "push"]);
    assertEquals(streams("--", "h:x"), [true, false, "push"]);
    assertEquals(streams("h:x", "-"), [false, true, "pull"]);
    assertEquals(streams("./-", "h:x"), [false, false, "push"]);
    assertEquals(streams("h:-", "x"), [false, false, "pull"]);
    assertEquals(message("h:x"), "The target is missing: a source and a target are needed");
    assertEquals(message("-", "a", "h:"), 'Cannot copy standard input ("-") together with other sources');
    assertEquals(message("-", "-"), "Cannot copy standard input to standard output: neither is elsewhere");
    assertEquals(message("h:a", "h:b", "-"), "Cannot copy several sources to standard output");
  });

  it("accepts what scp has for its older protocols", () => {
    assertEquals(copy("-OsT", "-Xbuffer=1", "x", "y").transfers[0].direction, "local");
  });

  it("carries every option to its place", () => {
    const options = copy(
      ...[
        "-rpqBA6",
        "-vv",
        "-i",
        "k",
        "-F",
        "cfg",
        "-J",
        "j",
        "-oA=b",
        "-P",
        "2222",
        "-S",
        "myssh",
        "-c",
        "aes128-ctr",
      ],
      ...["-D", "~/bin/escp", "-t", "64", "--cipher", "aes-256-gcm", "--engine=portable", "a", "b", "u@h:"],
    );
    assertEquals(options.ssh, {
      program: "myssh",
      port: 2222,
      identities: ["k"],
      configFile: "cfg",
      jump: "j",
      options: ["A=b"],
      cipher: "aes128-ctr",
      addressFamily: "ipv6",
      batch: true,
      forwardAgent: true,
      quiet: true,
      verbose: 1,
    });
    const { recursive, preserve, quiet, verbose, remotePath, streams, cipher, engine } = options;
    assertEquals({ recursive, preserve, quiet, verbose, remotePath, streams, cipher, engine }, {
      recursive: true,
      preserve: true,
      quiet: true,
      verbose: 2,
      remotePath: "~/bin/escp",
      streams: 64,
      cipher: "aes-256-gcm",
      engine: "portable",
    });
    assertEquals(options.sources.length, 2);
  });

  it("keeps the first -v to itself and gives the others to ssh", () =>
    assertEquals(["", "-v", "-vv", "-vvvv"].map((v) => copy(...(v ? [v] : []), "a", "b").ssh.verbose), [0, 0, 1, 3]));

  it("sees which way the data goes", () => {
    const [local] = copy("a", "b").transfers;
    assertEquals([local.direction, local.remote], ["local", undefined]);
    assertEquals(copy("a", "b", "h:").transfers[0].direction, "push");
    const [pull] = copy("u@h:a", "u@h:b", ".").transfers;
    assertEquals([pull.direction, pull.remote], ["pull", { host: "h", user: "u", port: undefined }]);
  });

  it("wants a source and a target", () => {
    assertEquals(message(), "Nothing to copy: a source and a target are needed");
    assertEquals(message("a"), "The target is missing: a source and a target are needed");
    assertEquals(message("a", ""), "A source or target is empty");
  });

  it("makes a leg for each host, in the order in which they come first", () => {
    const transfers = (...args: string[]) =>
      copy(...args).transfers.map(({ direction, sources, origin, remote }) =>
        [direction, origin?.host, remote?.host, ...sources.map(({ path }) => path)].join(" ").trim()
      );
    assertEquals(transfers("x", "a:y", "z", "b:"), ["push  b x z", "relay a b y"]);
    assertEquals(transfers("-R", "a:x", "c:y", "a:z", "b:"), ["origin a b x z", "origin c b y"]);
    assertEquals(transfers("x", "h:y", "u@h:z", "t"), ["local   x", "pull  h y", "pull  h z"]);
    assertEquals(transfers("scp://h:22/x", "scp://h:23/y", "h:z", "t"), ["pull  h x", "pull  h y", "pull  h z"]);
  });

  it("takes a list in place of sources or beside them", () => {
    const options = copy("-0", "--filelist=-", "h:");
    assertEquals([options.fileList, options.sources, options.target?.path, options.transfers], [
      { file: "-", nul: true },
      [],
      "",
      [],
    ]);
    assertEquals(copy("--filelist", "l", "a", "b").sources.length, 1);
    assertEquals(copy("--filelist", "l").target, undefined);
    assertEquals(copy("--filelist", "l", "--", "t").fromInput, false);
    assertEquals(message("--filelist=l", "-", "h:"), 'Cannot use "-" as a source or target together with "--filelist"');
    assertEquals(
      message("--filelist=l", "h:a", "-"),
      'Cannot use "-" as a source or target together with "--filelist"',
    );
    assertEquals(message("-0", "a", "b"), 'Option "-0" is for the names in a list: "--filelist" is missing');
  });

  it("refuses both families of addresses", () =>
    assertEquals(message("-46", "x", "y"), 'Options "-4" and "-6" exclude each other'));

  it("answers --help and --version whatever else is there", () => {
    assertEquals(read(["--help", "a"]), { kind: "help", all: false });
    assertEquals(read(["a", "-r", "-h", "all"]), { kind: "help", all: true });
    assertEquals(read(["--man", "a"]), { kind: "man" });
    assertEquals(read(["-V"]), { kind: "version", verbose: false });
    assertEquals(read(["-Vv", "a", "b:", "c:"]), { kind: "version", verbose: true });
  });

  it("starts a receiver without operands only", () => {
    assertEquals(read(["--receiver"]), {
      kind: "receiver",
      options: {
        engine: "auto",
        threads: undefined,
        verbose: 0,
        local: false,
        ports: undefined,
        limits: { root: undefined, allow: undefined, ports: undefined, cpumask: undefined, nodemask: undefined },
      },
    });
    assertEquals(message("--receiver", "x"), 'Option "--receiver" takes no operands: paths come with the session');
  });

  it("reads the environment after the options and before the defaults", () => {
    const env = { ESCP_ENGINE: "native" };
    const engines = [read(["a", "b"], env), read(["--engine=portable", "a", "b"], env), read(["--receiver"], env)];
    assertEquals(
      engines.map((command) => "options" in command && "engine" in command.options && command.options.engine),
      ["native", "portable", "native"],
    );
    const empty = read(["a", "b"], { ESCP_ENGINE: "" });
    assertEquals("options" in empty && "engine" in empty.options && empty.options.engine, "auto");
    const error = assertThrows(() => read(["a", "b"], { ESCP_ENGINE: "fast" }), UsageError) as UsageError;
    assertEquals(error.message, 'ESCP_ENGINE must be auto, portable or native, not "fast"');
  });
});

describe("--install", () => {
  function install(...args: string[]) {
    const command = read(["--install", ...args]);
    if (command.kind !== "install") throw new Error(command.kind);
    return command.options;
  }

  it("takes hosts, and how they are reached", () => {
    const { hosts, quiet } = install(
      "-q",
      "-P",
      "2222",
      "--install-dir=/opt/escp",
      "--binaries",
      "dist",
      "one",
      "me@two",
    );
    assertEquals(hosts.map(({ host }) => host), [{ host: "one" }, { host: "two", user: "me" }]);
    assertEquals(quiet, true);
    for (const { access } of hosts) {
      assertEquals([access.ssh.port, access.installDir, access.binaries], [2222, "/opt/escp", "dist"]);
    }
  });

  it("refuses no host at all, and what is none", () => {
    assertMatch(message("--install"), /needs the hosts/);
    assertMatch(message("--install", "host:path"), /for a host/);
  });

  it("refuses what would not hold", () => {
    for (const flag of ["--dry-run", "--json", "--doctor"]) {
      assertEquals(message("--install", flag, "host"), `Cannot use "${flag}" with "--install"`);
    }
  });
});

describe("--bootstrap", () => {
  it("is auto unless another is said", () => {
    assertEquals(copy("a", "h:b").bootstrap, "auto");
    assertEquals(copy("--bootstrap=never", "a", "h:b").bootstrap, "never");
    assertMatch(message("--bootstrap=maybe", "a", "h:b"), /auto, never or always/);
  });
});

describe("--doctor", () => {
  function doctor(...args: string[]) {
    const command = read(["--doctor", ...args]);
    if (command.kind !== "doctor") throw new Error(command.kind);
    return command.options;
  }

  it("takes a host, or a directory of one, and a directory here", () => {
    const places = (...args: string[]) => {
      const { remote, directoryThere, directoryHere } = doctor(...args);
      return [remote.user, remote.host, remote.port, directoryThere, directoryHere];
    };
    assertEquals(places("web1"), [undefined, "web1", undefined, "", "."]);
    assertEquals(places("me@web1:"), ["me", "web1", undefined, "", "."]);
    assertEquals(places("me@web1:/data", "/scratch"), ["me", "web1", undefined, "/data", "/scratch"]);
    assertEquals(places("scp://web1:2222/x"), [undefined, "web1", 2222, "x", "."]);
    assertEquals(places("[::1]:x"), [undefined, "::1", undefined, "x", "."]);
  });

  it("takes the options of ssh and of connections", () => {
    const options = doctor(
      "-P",
      "22",
      "-J",
      "gate",
      "-t",
      "9",
      "--tunnel",
      "never",
      "--doctor-time",
      "50",
      "--json",
      "web1",
    );
    assertEquals([options.ssh.port, options.ssh.jump, options.streams, options.tunnel], [22, "gate", 9, "never"]);
    assertEquals([options.ms, options.json, doctor("web1").ms], [50, true, 2000]);
  });

  it("needs one host", () => {
    assertMatch(message("--doctor"), /needs one host/);
    assertMatch(message("--doctor", "a", "b", "c"), /needs one host/);
    assertMatch(message("--doctor", "./directory"), /for a host/);
    assertMatch(message("--doctor", "a:", "b:"), /a directory here/);
  });
});
