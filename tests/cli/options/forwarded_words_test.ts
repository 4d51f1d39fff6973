import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { commandOf } from "../../../src/cli/options/command.ts";
import { forwardedWords } from "../../../src/cli/options/forwarded_words.ts";
import { parseArguments } from "../../../src/cli/options/parse_arguments.ts";
import { originCommand } from "../../../src/cli/run/on_origin.ts";
import { copyRun } from "./command_lines.ts";

/** The options that escp on the source host gets with -R. */
function forwarded(...args: string[]): string[] {
  const { host, transfers } = copyRun("-R", ...args, "a:x", "b:y");
  const command = originCommand(transfers[0], host, 0);
  const [, options] = /^sh -c '[^']+' escp --json --local-patterns (.*) -- \.\/x b:y$/.exec(command)!;
  return options.split(" ").map((word) => word.replace(/^'(.*)'$/, "$1"));
}

const DEFAULTS = ["--symlinks=follow", "--retries=5", "--cipher=aes-128-gcm", "--engine=auto", "--timeout=60"];

describe("options that -R forwards", () => {
  it("include the values that the configuration of the source host could change", () =>
    assertEquals(forwarded(), DEFAULTS));

  it("include switches that are on, and -v as often as given", () => {
    const added = (...args: string[]) => forwarded(...args).filter((word) => !DEFAULTS.includes(word));
    assertEquals(added("-rpq", "-vv", "--no-resume", "-u", "-C", "--reverse", "-B"), [
      ...["--recursive", "--preserve", "--update", "--no-resume", "--compress", "--quiet", "--verbose", "--verbose"],
      ...["--reverse", "--batch"],
    ]);
    assertEquals(added("-r", "--xattrs", "--acls"), ["--recursive", "--preserve", "--xattrs", "--acls"]);
  });

  it("include switches that are off, which the configuration of the source host may switch on", () => {
    const added = (...args: string[]) => forwarded(...args).filter((word) => !DEFAULTS.includes(word));
    assertEquals(added("-r", "--no-recursive", "--no-update", "--no-no-resume", "--no-verbose"), [
      ...["--no-recursive", "--no-update", "--no-no-resume", "--no-verbose"],
    ]);
    assertEquals(added("-a", "--no-archive", "--no-inplace"), ["--no-archive", "--no-inplace"]);
    assertEquals(added("-a", "--no-sparse").slice(-2), ["--hardlinks", "--no-sparse"]);
  });

  it("include a switch that is on in the configuration of this machine and off on the command line", () => {
    const config = { file: "config.yaml", options: { verify: true, update: false }, hosts: [] };
    const parsed = parseArguments(["-R", "--no-verify", "a:x", "b:y"]);
    const environment = { env: () => undefined, driveLetters: false, configs: { user: config } };
    const command = commandOf(parsed, environment);
    const words = command.kind === "copy" ? forwardedWords(command.options.host.flags) : [];
    assertEquals(words.filter((word) => word.startsWith("--no-")), ["--no-update", "--no-verify"]);
  });

  it("include what -a implies", () =>
    assertEquals(forwarded("-a").slice(0, 5), [
      ...["--recursive", "--preserve", "--symlinks=preserve", "--hardlinks", "--sparse"],
    ]));

  it("include values as they were given, and sizes in bytes", () => {
    const words = forwarded(
      "-l8",
      "--blocksize=1M",
      "-t3",
      "--escp-port=5000",
      "--data-address=h:1",
      "--remote-log=/l",
    );
    for (const word of ["--limit=8", "--blocksize=1048576", "--streams=3", "--escp-port=5000", "--remote-log=/l"]) {
      assertEquals(words.includes(word), true, word);
    }
  });

  it("omit tunnel and bootstrap if they have their defaults, which an older escp may not know", () => {
    const tunnelAndBootstrap = (...args: string[]) =>
      forwarded(...args).filter((word) => /tunnel|bootstrap/.test(word));
    assertEquals(tunnelAndBootstrap("--tunnel=auto"), []);
    assertEquals(tunnelAndBootstrap("--tunnel=never", "--bootstrap=always"), ["--bootstrap=always", "--tunnel=never"]);
  });

  it("keep filter rules in order, and are quoted for the shell", () =>
    assertEquals(forwarded("--exclude-regex=^tmp", "--include=*.c", "--exclude=it's").slice(-3), [
      ...["--exclude-regex=^tmp", "--include=*.c", `--exclude=it'\\''s`],
    ]));

  it("omit ssh options, logs of this machine and threads", () => {
    const words = forwarded("-P22", "-oA=b", "-i", "k", "--log=/dev/null", "--threads=2", "-D", "escp");
    assertEquals(words, DEFAULTS);
  });
});
