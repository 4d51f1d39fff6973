import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { benchCases } from "../../../scripts/bench/cases.ts";
import type { CopyPlaces } from "../../../scripts/bench/contenders.ts";
import { findRivals, parseRivals, rival } from "../../../scripts/bench/rivals.ts";
import { quoteWord } from "../../../src/ssh/shell_quote.ts";
import { createTempDirectory } from "../../support/files/temp.ts";

const FILE: CopyPlaces = {
  entry: "big",
  direction: "push",
  recursive: false,
  source: "/data/source",
  target: "/data/target",
  sshConfig: "/ssh/config",
  port: 20022,
  escp: "/opt/escp",
  dataOptions: [],
};
const TREE: CopyPlaces = { ...FILE, entry: "many", recursive: true };
const PULL: CopyPlaces = { ...FILE, direction: "pull" };

describe("parseRivals", () => {
  it("reads names and paths of one or several options", () => {
    const expected = [["syq", "/a/syq"], ["esnet", "b=c"], ["wdt", "wdt"]];
    assertEquals([...parseRivals(["syq=/a/syq,esnet=b=c,wdt=wdt"])], expected);
    assertEquals([...parseRivals(["syq=/a/syq", "esnet=b=c,wdt=wdt"])], expected);
    assertEquals([...parseRivals([])], []);
  });

  it("refuses other texts", () => {
    const messages = {
      "": 'Cannot read "" in --with: write it as NAME=PATH',
      "syq": 'Cannot read "syq" in --with: write it as NAME=PATH',
      "syq=": 'Cannot read "syq=" in --with: write it as NAME=PATH',
      "syq=/a,": 'Cannot read "" in --with: write it as NAME=PATH',
      "rsync=/a": 'Unknown name "rsync" in --with: use syq, esnet, wdt',
      "toString=/a": 'Unknown name "toString" in --with: use syq, esnet, wdt',
      "=/a": 'Unknown name "" in --with: use syq, esnet, wdt',
      "syq=/a,syq=/b": "--with names syq twice",
    };
    for (const [text, message] of Object.entries(messages)) assertThrows(() => parseRivals([text]), Error, message);
  });
});

describe("findRivals", () => {
  it("skips by name what is not given or does not exist", async () => {
    await using directory = await createTempDirectory();
    const path = `${await Deno.realPath(directory.path)}/syq`;
    await Deno.writeTextFile(path, "");
    const { contenders, skipped } = await findRivals(new Map([["syq", path], ["wdt", `${path}/wdt`]]));
    assertEquals(contenders.map(({ name, program }) => [name, program]), [["syq, 4 workers", path]]);
    assertEquals(skipped, [
      { name: "esnet", reason: "not given in --with" },
      { name: "wdt", reason: `there is no file ${path}/wdt` },
    ]);
  });
});

describe("the command of a rival", () => {
  it("for syq selects a file or a directory, and the direction", () => {
    const command = (places: CopyPlaces) => rival("syq", "/opt/syq").command(places).join(" ");
    const start = "/opt/syq cp -q --rsh ssh -F /ssh/config --syq-path /opt/syq --performance-tuning workers=4 ";
    assertEquals(command(FILE), `${start}--src-non-dir /data/source/big --to testhost --into /data/target`);
    assertEquals(command(TREE), `${start}--src-dir /data/source/many --to testhost --into /data/target`);
    assertEquals(command(PULL), `${start}--from testhost --src-non-dir /data/source/big --into /data/target`);
    assertEquals(rival("syq", "/opt/syq").command(FILE)[4], "ssh -F /ssh/config");
  });

  it("for EScp contains address and port instead of an alias", () => {
    const command = (places: CopyPlaces) => rival("esnet", "/opt/es").command(places).join(" ");
    const start = "/opt/es -q -F /ssh/config -P 20022 -D /opt/es --escp_port 12320 --escp_portrange 40 -t 4";
    assertEquals(command(FILE), `${start} /data/source/big 127.0.0.1:/data/target/`);
    assertEquals(command(TREE), `${start} -r /data/source/many 127.0.0.1:/data/target/`);
  });

  it("for WDT pipes the URL of the receiver into the sender", () => {
    const command = (places: CopyPlaces) => rival("wdt", "/opt/wdt").command(places);
    const receive = "/opt/wdt -num_ports 4 -encryption_type aes128gcm -overwrite '-fsync=false' " +
      "'-disk_sync_interval_mb=-1' -directory /data/target";
    const send = "/opt/wdt -encryption_type aes128gcm -directory /data/source -";
    const ssh = (line: string) => `ssh -F /ssh/config testhost ${quoteWord(line)}`;
    assertEquals(command(FILE), ["sh", "-c", `${ssh(receive)} | ${send}`]);
    assertEquals(command(TREE), command(FILE));
    assertEquals(command(PULL), ["sh", "-c", `${receive} | ${ssh(send)}`]);
  });

  it("for WDT sets the library path of --openssl at both ends", () => {
    const [, , line] = rival("wdt", "/opt/wdt").command({ ...FILE, libcrypto: "/ssl/lib/libcrypto.so.3" });
    assertEquals(line.split(/env \S*LD_LIBRARY_PATH=\/ssl\/lib\S* \/opt\/wdt /).length, 3);
  });
});

describe("benchCases", () => {
  it("has rivals in the cases that suit them, and no rival that only pushes in a pull", () => {
    const rivals = [rival("syq", "/opt/syq"), rival("esnet", "/opt/es")];
    const found = benchCases(1 << 30, rivals).flatMap(({ name, contenders }) => {
      const names = rivals.map((it) => it.name).filter((it) => contenders.some(({ name }) => name === it));
      return names.length === 0 ? [] : [[name, ...names]];
    });
    const all = rivals.map(({ name }) => name);
    assertEquals(found, [
      ["big-push", ...all],
      ["big-pull", "syq, 4 workers"],
      ["many-files", ...all],
      ["one-file", ...all],
      ["log-normal", ...all],
    ]);
  });
});
