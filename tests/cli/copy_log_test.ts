import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { openCopyLog } from "../../src/cli/copy_log.ts";
import { UsageError } from "../../src/errors.ts";
import { makeFifo } from "../support/files/fifo.ts";
import { createTempDirectory } from "../support/files/temp.ts";

describe("openCopyLog", () => {
  it("appends events to the file, with time, level and session, and prints up to the level of -v", async () => {
    await using directory = await createTempDirectory();
    const file = `${directory.path}/log`;
    await Deno.writeTextFile(file, "before\n");
    const printed: string[] = [];
    {
      using logging = openCopyLog({ log: file, verbose: 0, quiet: false }, (line) => printed.push(line));
      logging.log.session = "1a2b3c4d";
      logging.log.info("hello");
      logging.log.debug("too much");
      logging.log.warn("odd");
      logging.onEvent({ type: "failed", path: "a", message: 'Cannot read "a\\n"', hint: "Look" });
      logging.onEvent({ type: "progress", files: 1, bytes: 2 });
    }
    assertEquals(printed.length, 1);
    assertMatch(printed[0], /^\d{4}-\d\d-\d\dT[\d:.]+Z warn {2}1a2b3c4d odd$/);
    const [before, ...lines] = (await Deno.readTextFile(file)).trimEnd().split("\n");
    assertEquals(before, "before");
    assertEquals(lines.map((line) => line.split(" ").slice(1).join(" ").replace(/ +/, " ")), [
      "info 1a2b3c4d hello",
      "warn 1a2b3c4d odd",
      'error 1a2b3c4d Cannot read "a\\n"',
    ]);
  });

  it("logs more with -vv", async () => {
    await using directory = await createTempDirectory();
    const file = `${directory.path}/log`;
    using logging = openCopyLog({ log: file, verbose: 2, quiet: false }, () => {});
    logging.log.debug("deep");
    assertMatch(await Deno.readTextFile(file), /debug - deep\n$/);
  });

  it(
    "refuses a FIFO on request",
    { ignore: Deno.build.os === "windows" },
    async () => {
      await using directory = await createTempDirectory();
      const file = `${directory.path}/log`;
      makeFifo(file);
      const open = () => openCopyLog({ log: file, noFifo: true, verbose: 0, quiet: false }, () => {});
      assertThrows(open, UsageError, `Cannot open the log file "${file}": it is a FIFO`);
    },
  );

  it(
    "reports a file that cannot be written once, and continues without it",
    { ignore: Deno.build.os !== "linux" },
    () => {
      const printed: string[] = [];
      using logging = openCopyLog({ log: "/dev/full", verbose: 0, quiet: true }, (line) => printed.push(line));
      logging.log.info("hello");
      logging.onEvent({ type: "failed", path: "a", message: "b" });
      assertEquals(printed, ['escp: Cannot write the log file "/dev/full": No space left on device']);
    },
  );

  it("names the host of a remote log file that cannot be written", { ignore: Deno.build.os !== "linux" }, () => {
    const printed: string[] = [];
    const options = { log: "/dev/full", host: "web1", verbose: 0, quiet: true };
    using logging = openCopyLog(options, (line) => printed.push(line));
    logging.log.info("hello");
    assertEquals(printed, ['escp: Cannot write the log file "/dev/full" on web1: No space left on device']);
  });

  it("throws an error that names a file that cannot be opened", () => {
    const open = () => openCopyLog({ log: "/nowhere/log", verbose: 0, quiet: false }, () => {});
    const { message } = assertThrows(open, UsageError);
    assertEquals(message, 'Cannot open the log file "/nowhere/log": No such file or directory');
  });
});
