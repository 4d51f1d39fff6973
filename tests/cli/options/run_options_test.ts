import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { VERSION } from "../../../src/cli/version.ts";
import { UsageError } from "../../../src/errors.ts";
import { copyRun, usageError } from "./command_lines.ts";
import { forwardedWords } from "../../../src/cli/options/forwarded_words.ts";

const request = (...args: string[]) => copyRun(...args, "x", "y").host.request;

describe("operands of a copy", () => {
  it("are one source and its target with --no-target-directory", () => {
    assertEquals(request("--no-target-directory").exact, true);
    assertEquals(request().exact, undefined);
    const refused = 'Option "--no-target-directory" takes one source, which the target becomes a copy of';
    assertEquals(usageError("--no-target-directory", "a", "b", "h:"), refused);
    assertEquals(usageError("--no-target-directory", "a", "h:b", "c"), refused);
    assertEquals(usageError("--no-target-directory", "--filelist=l", "h:"), refused);
  });

  it("must contain a source and a target", () => {
    assertEquals(usageError(), "Nothing to copy: a source and a target are needed");
    assertEquals(usageError("a"), "The target is missing: a source and a target are needed");
    const { hint } = assertThrows(() => copyRun("-ac", "src", "h:"), UsageError) as UsageError;
    assertStringIncludes(
      hint!,
      '; -c took "src" as its value; -c is not the -c of rsync: --checksum compares contents',
    );
    assertEquals(usageError("a", ""), "A source or target is empty");
  });

  it("decide the direction by the hosts of source and target", () => {
    const [local] = copyRun("a", "b").transfers;
    assertEquals([local.direction, local.remote], ["local", undefined]);
    assertEquals(copyRun("a", "b", "h:").transfers[0].direction, "push");
    const [pull] = copyRun("u@h:a", "u@h:b", ".").transfers;
    assertEquals([pull.direction, pull.remote], ["pull", { host: "h", user: "u", port: undefined, serve: undefined }]);
  });

  it("between two remote hosts make a transfer with both hosts", () => {
    const between = {
      remote: { host: "b", user: "u", port: undefined, serve: undefined },
      origin: { host: "a", user: undefined, port: undefined, serve: undefined },
    };
    for (const [flag, direction] of [["-3", "relay"], ["-q", "relay"], ["-R", "origin"]]) {
      const [transfer, ...more] = copyRun(flag, "a:x", "a:y", "u@b:z").transfers;
      const { remote, origin } = transfer;
      assertEquals([transfer.direction, { remote, origin }, more.length], [direction, between, 0]);
    }
  });

  it("make a transfer per host, in the order of their first sources", () => {
    const transfers = (...args: string[]) =>
      copyRun(...args).transfers.map(({ direction, sources, origin, remote }) =>
        [direction, origin?.host, remote?.host, ...sources.map(({ path }) => path)].join(" ").trim()
      );
    assertEquals(transfers("x", "a:y", "z", "b:"), ["push  b x z", "relay a b y"]);
    assertEquals(transfers("-R", "a:x", "c:y", "a:z", "b:"), ["origin a b x z", "origin c b y"]);
    assertEquals(transfers("x", "h:y", "u@h:z", "t"), ["local   x", "pull  h y", "pull  h z"]);
    assertEquals(transfers("scp://h:22/x", "scp://h:23/y", "h:z", "t"), ["pull  h x", "pull  h y", "pull  h z"]);
  });

  it("may be a dash for standard input or output, and a missing source after two dashes", () => {
    const streams = (...args: string[]) => {
      const { fromInput, toOutput, transfers } = copyRun(...args);
      return [fromInput, toOutput, transfers[0].direction];
    };
    assertEquals(streams("-", "h:x"), [true, false, "push"]);
    assertEquals(streams("--", "h:x"), [true, false, "push"]);
    assertEquals(streams("h:x", "-"), [false, true, "pull"]);
    assertEquals(streams("./-", "h:x"), [false, false, "push"]);
    assertEquals(streams("h:-", "x"), [false, false, "pull"]);
    assertEquals(usageError("h:x"), "The target is missing: a source and a target are needed");
    assertEquals(usageError("-", "a", "h:"), 'Cannot copy standard input ("-") together with other sources');
    assertEquals(usageError("-", "-"), "Cannot copy standard input to standard output: one of them must be a file");
    assertEquals(usageError("h:a", "h:b", "-"), "Cannot copy several sources to standard output");
  });

  it("are replaced or extended by a list", () => {
    const run = copyRun("-0", "--filelist=-", "h:");
    assertEquals([run.fileList, run.sources, run.target?.path, run.transfers], [
      { file: "-", nul: true },
      [],
      "",
      [],
    ]);
    assertEquals(copyRun("--filelist", "l", "a", "b").sources.length, 1);
    assertEquals(copyRun("--filelist", "l").target, undefined);
    assertEquals(copyRun("--filelist", "l", "--", "t").fromInput, false);
    const refused = 'Cannot use "-" as a source or target together with "--filelist"';
    assertEquals(usageError("--filelist=l", "-", "h:"), refused);
    assertEquals(usageError("--filelist=l", "h:a", "-"), refused);
    assertEquals(
      usageError("-0", "a", "b"),
      'Option "-0" applies to the names in a list: "--filelist" or "--files-from" is missing',
    );
    assertEquals(
      usageError("-0", "--include=x", "--exclude-from=rules", "a", "b"),
      'Option "-0" applies to "--filelist" and "--files-from", not to "--exclude-from"',
    );
  });
});

describe("options of a copy", () => {
  it("have defaults", () => {
    const { host: { flags: _, ...host }, ...run } = copyRun("a", "h:b");
    assertEquals(run, {
      sources: [{ operand: { kind: "local", path: "a" }, literal: false }],
      target: { kind: "remote", host: "h", path: "b" },
      expand: false,
      fileList: undefined,
      filesFrom: undefined,
      fromOrigin: false,
      transfers: [{
        direction: "push",
        sources: [{ path: "a", literal: false }],
        target: { kind: "remote", host: "h", path: "b" },
        remote: { host: "h", user: undefined, port: undefined, serve: undefined },
      }],
      ofHosts: undefined,
      fromInput: false,
      toOutput: false,
      outputDescriptor: 1,
      cpumask: undefined,
      nodemask: undefined,
      manifest: undefined,
      shard: undefined,
      output: {
        quiet: false,
        verbose: 0,
        json: false,
        bits: false,
        stats: false,
        log: undefined,
        report: undefined,
      },
    });
    const defined = JSON.parse(JSON.stringify(host));
    assertEquals(defined, {
      access: {
        ssh: {
          program: "ssh",
          identities: [],
          options: [],
          batch: false,
          forwardAgent: false,
          quiet: false,
          verbose: 0,
        },
        remotePath: "escp",
        search: VERSION,
        tunnel: "auto",
        bootstrap: "auto",
        acceptNew: false,
      },
      engine: "auto",
      cipher: "aes-128-gcm",
      retries: 5,
      request: {
        recursive: false,
        preserve: false,
        symlinks: "follow",
        hardlinks: false,
        sparse: false,
        resume: true,
        bytesPerSecond: 0,
        timeoutMs: 60_000,
        filters: [],
      },
    });
  });

  it("all reach their places", () => {
    const { host, output, sources } = copyRun(
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
    assertEquals(host.access.ssh, {
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
    const { streams, cipher, engine, access: { remotePath }, request: { recursive, preserve } } = host;
    assertEquals({ recursive, preserve, remotePath, streams, cipher, engine }, {
      recursive: true,
      preserve: true,
      remotePath: "~/bin/escp",
      streams: 64,
      cipher: "aes-256-gcm",
      engine: "portable",
    });
    assertEquals([output.quiet, output.verbose, sources.length], [true, 2, 2]);
  });

  it("include -a, whose implied options can be overridden", () => {
    const { recursive, preserve, symlinks, hardlinks, sparse } = request("-a");
    assertEquals({ recursive, preserve, symlinks, hardlinks, sparse }, {
      recursive: true,
      preserve: true,
      symlinks: "preserve",
      hardlinks: true,
      sparse: true,
    });
    assertEquals(request("-a", "--symlinks=skip").symlinks, "skip");
  });

  it("include --acls, which implies -p; the portable engine refuses --acls and --xattrs", () => {
    assertEquals([request("--acls").preserve, request("--acls").acls], [true, true]);
    assertEquals([request("--xattrs").preserve, request("--xattrs").xattrs], [false, true]);
    for (const name of ["xattrs", "acls"]) {
      const refused = `Cannot use "--${name}" with the portable engine: it cannot read or set them`;
      assertEquals(usageError(`--${name}`, "--engine=portable", "x", "h:y"), refused);
      // Neither end of this copy is on this machine.
      assertEquals(copyRun(`--${name}`, "--engine=portable", "a:x", "b:y").transfers[0].direction, "relay");
    }
  });

  it("include --ioengine for both ends, or for each end", () => {
    const dummy = (value: string) => request(`--ioengine=${value}`).dummy;
    assertEquals(["posix", "dummy", "dummy::posix", "posix::dummy", "dummy::dummy", "posix::posix"].map(dummy), [
      ...[undefined, "both", "sender", "receiver", "both", undefined],
    ]);
    assertMatch(usageError("--ioengine", "uring", "x", "y"), /ioengine/);
    assertMatch(usageError("--ioengine=dummy", "-", "y"), /standard input/);
    assertEquals(copyRun("--ioengine=posix::dummy", "-", "y").host.request.dummy, "receiver");
    assertEquals(request("--nodirect").direct, false);
  });

  it("remove sources with --remove-source-files, after they are flushed", () => {
    const { removesSources, fsync } = request("--remove-source-files");
    assertEquals([removesSources, fsync], [true, true]);
    for (
      const [args, reason] of [
        [["-", "h:f"], "with standard input: no file is moved"],
        [["h:f", "-"], "with standard output: no file is moved"],
        [["--existing", "a", "h:"], 'with "--existing": files that are skipped may have no copy'],
        [["--ignore-existing", "a", "h:"], 'with "--ignore-existing": files that are skipped may have no copy'],
        [["--delete", "-r", "a", "h:"], 'with "--delete": the next run would delete the files that this one moves'],
        [["--mirror", "a", "h:"], 'with "--delete": the next run would delete the files that this one moves'],
        [["--link-dest=d", "a", "h:"], 'with "--link-dest": the linked files belong to other copies'],
        [["a", "h:b", "c"], "with sources on several hosts: one copy could replace the files of another"],
        [["-K", "a", "h:"], 'with "--keep-dirlinks": a link could point to the source'],
        [["--manifest=m", "a", "h:"], 'with "--manifest": sources may be read again for their digests'],
        [["--ioengine=dummy", "a", "h:"], 'with "--ioengine dummy": nothing is copied'],
      ] as const
    ) assertEquals(usageError("--remove-source-files", ...args), `Cannot use "--remove-source-files" ${reason}`);
  });

  it("set owners with --chown, which implies -p, and preserve numbers with --numeric-ids", () => {
    const owner = (...args: string[]) => {
      const { chown, preserve } = request(...args);
      return [chown?.user, chown?.group, preserve];
    };
    assertEquals(owner("--chown=ann:staff"), ["ann", "staff", true]);
    assertEquals(owner("--chown=ann"), ["ann", undefined, true]);
    assertEquals(owner("--chown=ann:"), ["ann", undefined, true]);
    assertEquals(owner("--chown=:4294967294"), [undefined, "4294967294", true]);
    assertEquals(request("-a", "--numeric-ids").numericIds, true);
    assertEquals(request("-a").numericIds, undefined);
    for (
      const [value, problem] of [
        [":", "neither a user nor a group is named"],
        ["a:b:c", "it has more than one colon"],
        ["4294967295", "a number is too large"],
        ["n".repeat(256), "its name has 256 bytes"],
      ]
    ) {
      const refused = usageError(`--chown=${value}`, "a", "h:");
      assertEquals(refused, `Cannot use the owner "${value}" of "--chown": ${problem}`);
    }
    assertEquals(
      usageError("--no-preserve", "--chown=a", "b", "h:"),
      'Cannot use "--chown" with "--no-preserve": owners are set with other attributes only',
    );
  });

  it("delete with --delete, which needs one host and directories", () => {
    const deletion = (...args: string[]) => {
      const { deletes, deletesExcluded, maxDeletions } = request(...args);
      return [deletes, deletesExcluded, maxDeletions];
    };
    assertEquals(deletion("-r"), [undefined, undefined, undefined]);
    assertEquals(deletion("-r", "--delete"), [true, undefined, undefined]);
    assertEquals(deletion("-a", "--del", "--max-delete=0"), [true, undefined, 0]);
    assertEquals(deletion("-r", "--delete-excluded"), [true, true, undefined]);
    const refused = (...args: string[]) => usageError(...args).replace('Cannot use "--delete" ', "");
    assertEquals(
      refused("--delete", "a", "h:"),
      'without "-r" or "-a": only entries of copied directories are deleted',
    );
    assertEquals(
      refused("-r", "--delete", "a", "h:b", "c"),
      "with sources on several hosts: each copy would delete the files of the others",
    );
    assertEquals(
      refused("-r", "--delete", "--filelist=l", "h:"),
      'with "--filelist": it would delete entries that the list does not name',
    );
    assertEquals(
      refused("-r", "--delete", "--files-from=l", "a", "h:"),
      'with "--files-from": it would delete entries that the list does not name',
    );
    assertEquals(
      refused("-r", "--delete", "--relative", "a/b", "h:"),
      'with "--relative": it would delete entries beside the sources',
    );
    assertEquals(
      refused("-r", "--delete", "--exclude-ignore-files", "a", "h:"),
      'with "--exclude-ignore-files": only the source knows what is ignored',
    );
    assertEquals(request("-r", "--delete-excluded", "--exclude-ignore-files").deletesExcluded, true);
    assertEquals(
      refused("-r", "--delete", "-b", "a", "h:"),
      'with "--backup": it would delete the backups of earlier copies',
    );
    assertEquals(
      refused("-r", "--delete", "--link-dest=../old", "a", "h:"),
      'with "--link-dest": it would delete earlier snapshots in the target',
    );
    assertEquals(
      usageError("--verify", "--ignore-existing", "a", "h:"),
      'Cannot use "--verify" with "--ignore-existing": files of a lost session would exist, and not be verified',
    );
    assertEquals(
      usageError("-b", "--existing", "a", "h:"),
      'Cannot use "--backup" with "--existing" alone: a retry would replace the backups',
    );
    assertEquals(
      usageError("-r", "--existing", "--link-dest=../old", "a", "h:"),
      'Cannot use "--link-dest" with "--existing": a snapshot has no files before the copy',
    );
    assertEquals(
      refused("-r", "--delete", "-K", "a", "b"),
      'with "--keep-dirlinks": two directories could be the same one',
    );
    assertEquals(refused("-r", "--delete", "-", "b"), "with standard input: it has no entries");
    assertEquals(refused("-r", "--delete", "h:a", "-"), "with standard output: it has no entries");
    assertEquals(
      refused("-r", "--delete", "--ioengine=dummy", "a", "h:"),
      'with "--ioengine dummy": nothing is copied',
    );
    assertEquals(
      usageError("-r", "--max-delete=1", "a", "b"),
      'Option "--max-delete" needs "--delete"',
    );
  });

  it("mirror with --mirror, whose implied options can be overridden", () => {
    const { recursive, preserve, symlinks, hardlinks, sparse, update, deletes, exact } = request("--mirror");
    assertEquals([recursive, preserve, symlinks, hardlinks, sparse], [true, true, "preserve", true, true]);
    assertEquals([update, deletes, exact], ["times", true, true]);
    assertEquals(request("--mirror", "--checksum").update, "contents");
    assertEquals(request("--mirror", "--symlinks=skip", "--no-preserve").symlinks, "skip");
    assertEquals(usageError("--mirror", "a", "b", "c"), usageError("--no-target-directory", "a", "b", "c"));
    const forwarded = forwardedWords(copyRun("-R", "--mirror", "--max-delete=3", "a:x", "b:y").host.flags);
    for (const word of ["--recursive", "--update", "--delete", "--max-delete=3", "--no-target-directory"]) {
      assertEquals(forwarded.includes(word), true, word);
    }
  });

  it("select updates by times or contents, which need a target to compare with", () => {
    const update = (...args: string[]) => request(...args).update;
    assertEquals([update(), update("-u"), update("--checksum"), update("-u", "--checksum")], [
      ...[undefined, "times", "contents", "contents"],
    ]);
    assertEquals([request().dryRun, request("-run").dryRun], [undefined, true]);
    const nothing = "there is nothing to compare with";
    assertEquals(usageError("-u", "-", "h:x"), `Cannot use "--update" with standard input: ${nothing}`);
    assertEquals(usageError("--checksum", "h:x", "-"), `Cannot use "--checksum" with standard output: ${nothing}`);
    const dummy = `Cannot use "--update" with "--ioengine dummy": ${nothing}`;
    assertEquals(usageError("-u", "--ioengine=posix::dummy", "x", "y"), dummy);
    assertEquals(usageError("-n", "--", "h:x"), `Cannot use "--dry-run" with standard input: ${nothing}`);
  });

  it("keep the order of filter rules, and refuse invalid rules", () => {
    assertEquals(request("--include=*.c", "--exclude-regex", "^tmp", "--exclude", "*", "--include-regex=x").filters, [
      { action: "include", kind: "glob", pattern: "*.c" },
      { action: "exclude", kind: "regex", pattern: "^tmp" },
      { action: "exclude", kind: "glob", pattern: "*" },
      { action: "include", kind: "regex", pattern: "x" },
    ]);
    assertMatch(usageError("--exclude-regex", "(", "x", "y"), /--exclude-regex/);
  });

  it("put --only after the other rules, and pass it on as rules that every version has", () => {
    const filters = (...words: string[]) =>
      request(...words).filters.map(({ action, pattern }) => `${action} ${pattern}`);
    assertEquals(filters("--only", "*.txt", "--exclude", ".git/", "--only=*.md"), [
      "exclude .git/",
      "include *.txt",
      "include *.md",
      "include */",
      "exclude *",
    ]);
    assertEquals(
      forwardedWords(copyRun("--only", "*.c", "x", "y").host.flags).filter((word) => /clude|only/.test(word)),
      [
        "--include=*.c",
        "--include=*/",
        "--exclude=*",
      ],
    );
  });

  it("take -l in kbit/s, as scp does", () => {
    assertEquals([request("-l8").bytesPerSecond, request("-l", "1").bytesPerSecond], [1000, 125]);
    assertEquals(usageError("-l0", "x", "y"), 'Option "-l" must be a rate from 1 kbit/s to 1000 Gbit/s, not "0"');
  });

  it("take -l in units of bytes as rsync does, and in units of bits", () => {
    const rates = {
      "10M": 83886,
      "10m": 83886,
      "10MiB": 83886,
      "10MiB/s": 83886,
      "10MB/s": 80_000,
      "1.5K": 12,
      "1GB": 8_000_000,
      "80mbit": 80_000,
      "80Mbit/s": 80_000,
      "2.5gbit": 2_500_000,
      "1kbit": 1,
      "1000gbit": 1_000_000_000,
      "50000": 50_000,
    };
    for (const [text, kbits] of Object.entries(rates)) {
      assertEquals(request("-l", text).bytesPerSecond, kbits * 125, text);
    }
    // "Mb" may mean bits or bytes.
    const wrong = [
      "",
      "0",
      "0.1kbit",
      "1001gbit",
      "1.5",
      "-1M",
      "M",
      "10Mb",
      "10mb",
      "10Mbps",
      "10T",
      "1e3",
      "10 M",
      "1/s/s",
    ];
    for (const text of wrong) {
      assertMatch(usageError(`--limit=${text}`, "x", "y"), /^Option "--limit" must be a rate from /, text);
    }
  });

  it("take --blocksize in bytes, or with a suffix for powers of 1024", () => {
    const sizes = { "65536": 65536, "64K": 65536, "64k": 65536, "1M": 1 << 20, "16MiB": 16 << 20 };
    for (const [text, bytes] of Object.entries(sizes)) assertEquals(request(`--blocksize=${text}`).blockBytes, bytes);
    for (const text of ["", "0", "65535", "63K", "17M", "1T", "1.5M", "-1M", "M", "0x10000", "99999999999999999999"]) {
      const refused = /^Option "--blocksize" must be a size from 64K to 16M, not /;
      assertMatch(usageError(`--blocksize=${text}`, "a", "h:"), refused);
    }
  });

  it("include options of EScp and of the older protocols of scp", () => {
    assertEquals(copyRun("--blocksize=1M", "--nochecksum", "--bits", "-C", "a", "h:").output.bits, true);
    assertEquals(request("-rC").compress, true);
    assertEquals(copyRun("-OsT", "-Xbuffer=1", "x", "y").transfers[0].direction, "local");
  });

  it("include --reverse with ports of this machine", () => {
    const reverse = (...args: string[]) => copyRun(...args, "x", "h:y").host.access.reverse;
    assertEquals(reverse("--reverse"), { ports: undefined });
    assertEquals(reverse("--reverse", "--escp-port=5000"), { ports: { first: 5000, last: 5010 } });
    assertEquals(reverse("--reverse", "--no-reverse"), undefined);
  });

  it("pass -v to ssh from the second one on", () =>
    assertEquals(
      ["", "-v", "-vv", "-vvvv"].map((v) => copyRun(...(v ? [v] : []), "a", "b").host.access.ssh.verbose),
      [0, 0, 1, 3],
    ));

  it("refuse -4 together with -6", () =>
    assertEquals(usageError("-46", "x", "y"), 'Options "-4" and "-6" exclude each other'));

  it("include --bootstrap, which is auto by default", () => {
    const bootstrap = (...args: string[]) => copyRun(...args, "a", "h:b").host.access.bootstrap;
    assertEquals([bootstrap(), bootstrap("--bootstrap=never")], ["auto", "never"]);
    assertMatch(usageError("--bootstrap=maybe", "a", "h:b"), /auto, never or always/);
  });
});
