import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { UsageError } from "../../../src/errors.ts";
import { BUNDLED_HELP, foreignAnswer, foreignNames } from "../../../src/cli/options/foreign_options.ts";
import { parseArguments } from "../../../src/cli/options/parse_arguments.ts";

/** Flags and operands of a command line without "--". */
function parsed(...args: string[]) {
  const { flags, operands, afterDashes } = parseArguments(args);
  assertEquals(afterDashes, undefined);
  return { flags, operands };
}

function message(...args: string[]): string {
  return (assertThrows(() => parseArguments(args), UsageError) as UsageError).message;
}

describe("parseArguments", () => {
  it("an empty command line has no flags and operands", () => assertEquals(parsed(), { flags: {}, operands: [] }));

  it("switches can be bundled", () =>
    assertEquals(parseArguments(["-rpq"]).flags, { recursive: true, preserve: true, quiet: true }));

  it("a value is attached to a bundle, or is the next argument", () => {
    for (const args of [["-rP22"], ["-rP", "22"], ["-r", "--port=22"], ["-r", "--port", "22"]]) {
      assertEquals(parsed(...args), { flags: { recursive: true, port: 22 }, operands: [] }, args.join(" "));
    }
  });

  it("lists keep repeated values in order, and counts add up", () =>
    assertEquals(parseArguments(["-oA=1", "-v", "-o", "B 2", "-vv", "--ssh-option=C=3=4", "-i", "k1", "-ik2"]).flags, {
      "ssh-option": ["A=1", "B 2", "C=3=4"],
      verbose: 3,
      identity: ["k1", "k2"],
    }));

  it("help and help all mean --help if they are the whole command line", () => {
    assertEquals(parsed("help"), { flags: { help: true }, operands: [] });
    assertEquals(parsed("help", "all"), { flags: { help: true }, operands: ["all"] });
    for (const args of [["./help", "all"], ["help", "host:"], ["help", "all", "host:"], ["-r", "help"], ["all"]]) {
      assertEquals(parseArguments(args).flags.help, undefined, args.join(" "));
    }
  });

  it("the last of several single values counts", () => assertEquals(parseArguments(["-P1", "-P2"]).flags.port, 2));

  it("underscores count as dashes in long names, but not in values", () =>
    assertEquals(parseArguments(["--ssh_option=Local_Command=x", "--forward_agent"]).flags, {
      "ssh-option": ["Local_Command=x"],
      "forward-agent": true,
    }));

  it("aliases of other tools are accepted", () =>
    assertEquals(parseArguments(["--parallel", "8", "--agent", "--escp=/opt/escp"]).flags, {
      streams: 8,
      "forward-agent": true,
      "remote-path": "/opt/escp",
    }));

  it("options may follow operands", () =>
    assertEquals(parsed("a", "-r", "b:", "-q"), {
      flags: { recursive: true, quiet: true },
      operands: ["a", "b:"],
    }));

  it("-- ends the options", () =>
    assertEquals(parseArguments(["-r", "--", "-q", "--", "--x"]), {
      flags: { recursive: true },
      operands: ["-q", "--", "--x"],
      afterDashes: 3,
    }));

  it("a lone dash and an empty word are operands", () => assertEquals(parseArguments(["-", ""]).operands, ["-", ""]));

  it("the value of an option may look like an option", () =>
    assertEquals(parseArguments(["-F", "-r", "-i", "--"]).flags, { "ssh-config": "-r", identity: ["--"] }));

  it("-4 and -6 are options, not negative numbers", () =>
    assertEquals(parseArguments(["-46"]).flags, { ipv4: true, ipv6: true }));

  it("an error names the option whose value is missing", () => {
    assertEquals(message("-P"), 'Option "-P" needs a value: -P PORT');
    assertEquals(message("-rP"), 'Option "-P" needs a value: -P PORT');
    assertEquals(message("--jump"), 'Option "--jump" needs a value: --jump DEST');
  });

  it("values of switches are refused", () => {
    assertEquals(message("--quiet=yes"), 'Option "--quiet" takes no value');
    assertEquals(message("--verbose="), 'Option "--verbose" takes no value');
  });

  it("empty values are refused", () => {
    assertEquals(message("--jump="), 'Option "--jump" must not be empty');
    assertEquals(message("-D", ""), 'Option "-D" must not be empty');
  });

  it("numbers are checked at their bounds", () => {
    for (const good of ["1", "64", "064"]) assertEquals(parseArguments(["-t", good]).flags.streams, Number(good));
    for (const bad of ["0", "65", "-1", "1.5", "4x", "", " 4", "0x10", "1e1", "9".repeat(400)]) {
      assertEquals(message(`--streams=${bad}`), `Option "--streams" must be a number from 1 to 64, not "${bad}"`);
    }
    assertEquals(parseArguments(["-P65535"]).flags.port, 65535);
    assertEquals(message("-P65536"), 'Option "-P" must be a number from 1 to 65535, not "65536"');
  });

  it("choices are checked, with a hint to the intended option", () => {
    assertEquals(parseArguments(["--engine", "native"]).flags.engine, "native");
    const error = assertThrows(() => parseArguments(["--cipher", "aes128-ctr"]), UsageError) as UsageError;
    assertEquals(error.message, 'Option "--cipher" must be aes-128-gcm or aes-256-gcm, not "aes128-ctr"');
    assertEquals(error.hint, "Use -c to choose the cipher of the ssh connection");
  });

  it("an unknown option is answered with the nearest long option", () => {
    assertEquals(message("--recusive"), 'Unknown option "--recusive": did you mean "--recursive"?');
    assertEquals(message("--rec"), 'Unknown option "--rec": did you mean "--recursive"?');
    assertEquals(message("--remote_pth=x"), 'Unknown option "--remote_pth": did you mean "--remote-path"?');
    assertEquals(message("-recursive"), 'Unknown option "-recursive": did you mean "--recursive"?');
    assertEquals(message("--frobnicate"), 'Unknown option "--frobnicate"');
  });

  it("hidden options are never suggested", () => assertEquals(message("--receivr"), 'Unknown option "--receivr"'));

  it("an error names an unknown letter and its bundle", () => {
    assertEquals(message("-w"), 'Unknown option "-w"');
    assertEquals(message("-rwp"), 'Unknown option "-w" in "-rwp"');
  });

  it("an option of rsync that escp lacks is answered with the escp way", () => {
    assertEquals(message("-avz"), 'Unknown option "-z" in "-avz": escp compresses with -C');
    assertEquals(message("--partial_dir=x"), `Unknown option "--partial_dir": ${foreignAnswer("partial-dir")}`);
    assertMatch(message("--existing"), /: escp also copies files that the target lacks;/);
    for (const name of foreignNames()) {
      assertStringIncludes(message(`${name.length > 1 ? "--" : "-"}${name}`), `: ${foreignAnswer(name)}`);
    }
  });

  it("-h in a bundle is that of rsync, and prints no help", () => {
    assertEquals(message("-avh"), `Unknown option "-h" in "-avh": ${BUNDLED_HELP}`);
    assertEquals(parseArguments(["-h"]).flags.help, true);
  });

  it("a value that fits the -P and -t of rsync gets a hint", () => {
    for (const letter of ["-P", "-t"]) {
      const error = assertThrows(() => parseArguments(["-a" + letter.slice(1), "src"]), UsageError) as UsageError;
      assertStringIncludes(error.hint!, `not the ${letter} of rsync`);
    }
  });

  it("a number out of the range of -P or -t gets no hint about rsync", () => {
    for (const args of [["-t", "0"], ["-t", "65"], ["--streams=-1"], ["-P0"], ["-P", "1.5"]]) {
      const { hint } = assertThrows(() => parseArguments(args), UsageError) as UsageError;
      assertEquals(hint, undefined, args.join(" "));
    }
  });

  it("errors escape control characters", () => {
    assertEquals(message("--\u001b[2J"), 'Unknown option "--\\x1b[2J"');
    assertEquals(message("-\u001b"), 'Unknown option "-\\x1b"');
    assertEquals(message("-t", "\u001b"), 'Option "-t" must be a number from 1 to 64, not "\\x1b"');
  });

  it("property names of objects are not options", () =>
    assertEquals(message("--constructor"), 'Unknown option "--constructor"'));
});
