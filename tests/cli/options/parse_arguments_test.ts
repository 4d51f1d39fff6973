import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { UsageError } from "../../../src/errors.ts";
import { isNegatable } from "../../../src/cli/options/flag.ts";
import { FLAGS } from "../../../src/cli/options/flags.ts";
import { BUNDLED_HELP, foreignAnswer } from "../../../src/cli/options/foreign_options.ts";
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

function hint(...args: string[]): string | undefined {
  return (assertThrows(() => parseArguments(args), UsageError) as UsageError).hint;
}

describe("parseArguments", () => {
  it("returns neither flags nor operands for an empty command line", () =>
    assertEquals(parsed(), { flags: {}, operands: [] }));

  it("accepts bundled switches", () =>
    assertEquals(parseArguments(["-rpq"]).flags, { recursive: true, preserve: true, quiet: true }));

  it("reads a value at the end of a bundle, or in the next argument", () => {
    for (const args of [["-rP22"], ["-rP", "22"], ["-r", "--port=22"], ["-r", "--port", "22"]]) {
      assertEquals(parsed(...args), { flags: { recursive: true, port: 22 }, operands: [] }, args.join(" "));
    }
  });

  it("keeps repeated values of a list in order, and adds up counts", () =>
    assertEquals(parseArguments(["-oA=1", "-v", "-o", "B 2", "-vv", "--ssh-option=C=3=4", "-i", "k1", "-ik2"]).flags, {
      "ssh-option": ["A=1", "B 2", "C=3=4"],
      verbose: 3,
      identity: ["k1", "k2"],
    }));

  it("reads help and help all as --help if they are the whole command line", () => {
    assertEquals(parsed("help"), { flags: { help: true }, operands: [] });
    assertEquals(parsed("help", "all"), { flags: { help: true }, operands: ["all"] });
    for (const args of [["./help", "all"], ["help", "host:"], ["help", "all", "host:"], ["-r", "help"], ["all"]]) {
      assertEquals(parseArguments(args).flags.help, undefined, args.join(" "));
    }
  });

  it("returns the last of several single values", () => assertEquals(parseArguments(["-P1", "-P2"]).flags.port, 2));

  it("reads underscores as dashes in long names, but not in values", () =>
    assertEquals(parseArguments(["--ssh_option=Local_Command=x", "--forward_agent"]).flags, {
      "ssh-option": ["Local_Command=x"],
      "forward-agent": true,
    }));

  it("accepts aliases of other tools", () =>
    assertEquals(parseArguments(["--parallel", "8", "--agent", "--escp=/opt/escp"]).flags, {
      streams: 8,
      "forward-agent": true,
      "remote-path": "/opt/escp",
    }));

  it("accepts options after operands", () =>
    assertEquals(parsed("a", "-r", "b:", "-q"), {
      flags: { recursive: true, quiet: true },
      operands: ["a", "b:"],
    }));

  it("reads operands only after --", () =>
    assertEquals(parseArguments(["-r", "--", "-q", "--", "--x"]), {
      flags: { recursive: true },
      operands: ["-q", "--", "--x"],
      afterDashes: 3,
    }));

  it("reads a lone dash and an empty word as operands", () =>
    assertEquals(parseArguments(["-", ""]).operands, ["-", ""]));

  it("accepts a value that looks like an option", () =>
    assertEquals(parseArguments(["-F", "-r", "-i", "--"]).flags, { "ssh-config": "-r", identity: ["--"] }));

  it("reads -4 and -6 as options, not as negative numbers", () =>
    assertEquals(parseArguments(["-46"]).flags, { ipv4: true, ipv6: true }));

  it("names the option whose value is missing", () => {
    assertEquals(message("-P"), 'Option "-P" needs a value: -P PORT');
    assertEquals(message("-rP"), 'Option "-P" needs a value: -P PORT');
    assertEquals(message("--jump"), 'Option "--jump" needs a value: --jump DEST');
  });

  it("refuses values of switches", () => {
    assertEquals(message("--quiet=yes"), 'Option "--quiet" takes no value');
    assertEquals(message("--verbose="), 'Option "--verbose" takes no value');
  });

  it("refuses empty values", () => {
    assertEquals(message("--jump="), 'Option "--jump" must not be empty');
    assertEquals(message("-D", ""), 'Option "-D" must not be empty');
  });

  it("accepts numbers up to their bounds, and refuses numbers beyond", () => {
    for (const good of ["1", "64", "064"]) assertEquals(parseArguments(["-t", good]).flags.streams, Number(good));
    for (const bad of ["0", "65", "-1", "1.5", "4x", "", " 4", "0x10", "1e1", "9".repeat(400)]) {
      assertEquals(message(`--streams=${bad}`), `Option "--streams" must be a number from 1 to 64, not "${bad}"`);
    }
    assertEquals(parseArguments(["-P65535"]).flags.port, 65535);
    assertEquals(message("-P65536"), 'Option "-P" must be a number from 1 to 65535, not "65536"');
  });

  it("refuses values that are not a choice, with a hint to the intended option", () => {
    assertEquals(parseArguments(["--engine", "native"]).flags.engine, "native");
    const error = assertThrows(() => parseArguments(["--cipher", "aes128-ctr"]), UsageError) as UsageError;
    assertEquals(error.message, 'Option "--cipher" must be aes-128-gcm or aes-256-gcm, not "aes128-ctr"');
    assertEquals(error.hint, "Use -c to choose the cipher of the ssh connection");
  });

  it("suggests the nearest long option for an unknown one", () => {
    assertEquals(message("--recusive"), 'Unknown option "--recusive": did you mean "--recursive"?');
    assertEquals(message("--rec"), 'Unknown option "--rec": did you mean "--recursive"?');
    assertEquals(message("--remote_pth=x"), 'Unknown option "--remote_pth": did you mean "--remote-path"?');
    assertEquals(message("-recursive"), 'Unknown option "-recursive": did you mean "--recursive"?');
    assertEquals(message("--frobnicate"), 'Unknown option "--frobnicate"');
  });

  it("never suggests a hidden option", () => assertEquals(message("--receivr"), 'Unknown option "--receivr"'));

  it("names an unknown letter and its bundle", () => {
    assertEquals(message("-w"), 'Unknown option "-w"');
    assertEquals(message("-rwp"), 'Unknown option "-w" in "-rwp"');
  });

  it("suggests the option of escp for an option of rsync that escp lacks", () => {
    assertEquals(message("-avz"), 'Unknown option "-z" in "-avz": escp compresses with -C');
    assertEquals(message("--partial_dir=x"), `Unknown option "--partial_dir": ${foreignAnswer("partial-dir")}`);
    assertMatch(message("--ignore-non-existing"), /: --existing skips files that the target lacks/);
  });

  it("no option of escp has an answer for an option of rsync", () => {
    for (const flag of FLAGS) {
      const names = [flag.name, flag.short, ...(flag.aliases ?? []), isNegatable(flag) ? `no-${flag.name}` : undefined];
      for (const name of names) if (name !== undefined) assertEquals(foreignAnswer(name), undefined, name);
    }
  });

  it("reads -h in a bundle as that of rsync, and prints no help", () => {
    assertEquals(message("-avh"), `Unknown option "-h" in "-avh": ${BUNDLED_HELP}`);
    assertEquals(parseArguments(["-h"]).flags.help, true);
  });

  it("adds a hint to a value that fits the -P, -t and -l of rsync", () => {
    for (const letter of ["-P", "-t", "-l"]) {
      for (const operand of ["src", "./src", "../src", "host:"]) {
        assertStringIncludes(hint("-a" + letter.slice(1), operand)!, `not the ${letter} of rsync`);
      }
    }
  });

  it("a number, or a value of a long option, gets no hint about rsync", () => {
    const numbers = [["-t", "0"], ["-t", "65"], ["--streams=-1"], ["-P0"], ["-P", "1.5"], ["--port=a"], ["-i", ""]];
    for (const args of numbers) assertEquals(hint(...args), undefined, args.join(" "));
    for (const rate of ["10,5M", "10%", "-1", ""]) {
      assertMatch(hint("-l", rate)!, /^Write a number of kbit\/s, [^-]*$/, rate);
    }
  });

  it("returns a hint if an option took an argument as its value that would be an operand of rsync", () => {
    const taken = '-i took "src" as its value; -i is not the -i of rsync: --itemize-changes lists changes';
    assertEquals(parseArguments(["-ai", "src", "h:"]).takenOperand, taken);
    assertEquals(parseArguments(["-o", "BatchMode=yes", "-ai", "src", "h:"]).takenOperand, taken);
    for (const char of "cDFJoSX") {
      assertStringIncludes(
        parseArguments(["-a" + char, "src"]).takenOperand!,
        `; -${char} is not the -${char} of rsync: `,
      );
    }
    assertEquals(
      parseArguments(["-i", "key", "-aikey", "--identity", "key", "-bs", "-aP", "22", "-at", "4", "a"]).takenOperand,
      undefined,
    );
  });

  it("escapes control characters in errors", () => {
    assertEquals(message("--\u001b[2J"), 'Unknown option "--\\x1b[2J"');
    assertEquals(message("-\u001b"), 'Unknown option "-\\x1b"');
    assertEquals(message("-t", "\u001b"), 'Option "-t" must be a number from 1 to 64, not "\\x1b"');
  });

  it("does not read property names of objects as options", () =>
    assertEquals(message("--constructor"), 'Unknown option "--constructor"'));
});
