import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { parseConfig } from "../../src/config/parse_config.ts";
import { UsageError } from "../../src/errors.ts";
import { TABLE } from "./key_table.ts";

const parse = (text: string) => parseConfig(text, "/etc/escp.conf", TABLE);

/** The message with which the text is refused. */
async function refusal(text: string): Promise<string> {
  return (await assertRejects(() => parse(text), UsageError, undefined, text)).message;
}

describe("a configuration file", () => {
  it("may be empty", async () => {
    for (const text of ["", "\n", "# nothing\n", "---\n", "{}"]) {
      const { file, options, hosts, root } = await parse(text);
      assertEquals({ file, options, hosts, root }, { file: "/etc/escp.conf", options: {}, hosts: [], root: undefined });
    }
  });

  it("has the long options as keys, with values of their types", async () => {
    const { options } = await parse(
      'recursive: true\nstreams: 8\nengine: "native"\nremote_path: /opt/escp\nidentity: [a, 017]\nverbose: 2\n',
    );
    assertEquals(options, {
      recursive: true,
      streams: 8,
      engine: "native",
      "remote-path": "/opt/escp",
      identity: ["a", "017"],
      verbose: 2,
    });
  });

  it("accepts aliases, underscores, one value for a list and true for a count", async () => {
    assertEquals((await parse("parallel: 2\nescp: x\nidentity: a\nverbose: true\nrecursive: False")).options, {
      streams: 2,
      "remote-path": "x",
      identity: ["a"],
      verbose: 1,
      recursive: false,
    });
    assertEquals((await parse("escp_port: 1232\nescp_portrange: 1232-1242")).options, {
      "escp-port": 1232,
      "escp-portrange": "1232-1242",
    });
  });

  it("keeps every bit of a mask, written as a number or as text", async () => {
    const high = (await parse("cpumask: 0x80000000000000000001")).cpumask;
    assertEquals(high, [0, 79]);
    for (const text of ["FF00", '"FF00"', "0xff00", "'0xff00'"]) {
      assertEquals((await parse(`cpumask: ${text}\nnodemask: 10`)).cpumask, [8, 9, 10, 11, 12, 13, 14, 15], text);
    }
    assertEquals((await parse("nodemask: 10")).nodemask, [4]);
    assertEquals((await parse("cpumask: 1e3")).cpumask, [0, 1, 5, 6, 7, 8]);
  });

  it("keeps values as written", async () => {
    for (const text of ["no", "0777", "1_000", "~x", "12:30", "2020-01-01", "null", "1.0"]) {
      assertEquals((await parse(`remote-path: ${text}`)).options, { "remote-path": text }, text);
    }
  });

  it("can have a root and allowed directions", async () => {
    assertEquals((await parse("root: /srv/in")).root, "/srv/in");
    assertEquals((await parse("root: ~/in")).root, "~/in");
    assertEquals((await parse("root: /srv/in")).allow, undefined);
    assertEquals((await parse("allow: pull")).allow, ["pull"]);
    assertEquals((await parse("allow: [push, pull]")).allow, ["push", "pull"]);
    assertEquals((await parse("allow: []")).allow, []);
    assertEquals((await parse("root: C:\\in")).root, "C:\\in");
    assertEquals(
      await refusal("root: in"),
      'Key "root" ("/etc/escp.conf", line 1) must be an absolute path of a directory, not "in"',
    );
    assertEquals(
      await refusal("root: /a\nallow: /a"),
      'Key "allow" ("/etc/escp.conf", line 2) must be push, pull or a list of them, not "/a"',
    );
  });

  it("can have keys for some hosts", async () => {
    const { hosts } = await parse('hosts: {"*.lab": {streams: 8, remote-path: /opt/escp}, a: {cpumask: f}}');
    assertEquals(hosts.map(({ pattern, options, cpumask }) => [pattern.text, options, cpumask]), [
      ["*.lab", { streams: 8, "remote-path": "/opt/escp" }, undefined],
      ["a", {}, [0, 1, 2, 3]],
    ]);
  });

  it("is refused with file, line and key for an unknown key", async () => {
    const table: Record<string, string> = {
      "a: 1": 'Unknown key "a" ("/etc/escp.conf", line 1)',
      "recursive: true\nstream: 8": 'Unknown key "stream" ("/etc/escp.conf", line 2): did you mean "streams"?',
      "cpu_mask: ff": 'Unknown key "cpu_mask" ("/etc/escp.conf", line 1): did you mean "cpumask"?',
      "host: {}": 'Unknown key "host" ("/etc/escp.conf", line 1): did you mean "hosts"?',
      "constructor: 1": 'Unknown key "constructor" ("/etc/escp.conf", line 1)',
      "__proto__: {streams: 1}": 'Unknown key "__proto__" ("/etc/escp.conf", line 1)',
      "<<: {streams: 1}": 'Unknown key "<<" ("/etc/escp.conf", line 1)',
      'hosts:\n  "*.lab":\n    recursve: true':
        'Unknown key "recursve" of host "*.lab" ("/etc/escp.conf", line 3): did you mean "recursive"?',
      "hosts: {a: {root: /x}}":
        'Unknown key "root" of host "a" ("/etc/escp.conf", line 1): it applies to the whole file',
      "{\n streams: 1,\n x: 2\n}": 'Unknown key "x" ("/etc/escp.conf")',
    };
    for (const [text, message] of Object.entries(table)) assertEquals(await refusal(text), message, text);
  });

  it("is refused with file, line and key for a wrong type", async () => {
    const at = (key: string, line = 1) => `Key "${key}" ("/etc/escp.conf", line ${line})`;
    const table: Record<string, string> = {
      "streams: many": `${at("streams")} must be a number from 1 to 64, not "many"`,
      "\nstreams: 65": `${at("streams", 2)} must be a number from 1 to 64, not "65"`,
      "streams: 1.5": `${at("streams")} must be a number from 1 to 64, not "1.5"`,
      "streams:": `${at("streams")} has no value`,
      "streams: ''": `${at("streams")} has no value`,
      "streams: [8]": `${at("streams")} must be one value, not a list`,
      "streams: {a: 1}": `${at("streams")} must be one value`,
      "recursive: yes": `${at("recursive")} must be true or false, not "yes"`,
      "recursive: 1": `${at("recursive")} must be true or false, not "1"`,
      "verbose: -1": `${at("verbose")} must be true, false or a number from 0 to 9, not "-1"`,
      "engine: fast": `${at("engine")} must be auto, portable or native, not "fast"`,
      "identity: [[a]]": `${at("identity")} must be one value, not a list`,
      "identity: &x [*x]": `${at("identity")} must be one value, not a list`,
      "cpumask: fish": `${at("cpumask")} must be hexadecimal digits, not "fish"`,
      "cpumask: [0, 1]": `${at("cpumask")} must be one value, not a list`,
      "nodemask: 0": `${at("nodemask")} is empty: no bit of "0" is set`,
      "escp-portrange: 2-1": `${at("escp-portrange")} must be two ports such as 1232-1242, not "2-1"`,
      "escp_port: 5\nescp_portrange: 6-7": `${
        at("escp_portrange", 2)
      } does not contain the requested port: 5 is not in 6-7`,
      "ipv4: true\nipv6: true": `${at("ipv6", 2)} excludes "ipv4"`,
      "from-origin: true\nthrough-here: true": `${at("from-origin")} excludes "through-here"`,
      "exclude-regex: [a, (]": `${
        at("exclude-regex")
      }: Option "--exclude-regex": Cannot use the regular expression "(": Unterminated group`,
      "hosts: [a]": `${at("hosts")} must contain patterns of hosts with keys of their own`,
      "hosts: {a: 1}": 'Host "a" ("/etc/escp.conf", line 1) must have keys of its own',
      "hosts: {a/b: {}}": 'Host "a/b" ("/etc/escp.conf", line 1) must be a host, or a pattern of hosts',
      'hosts: {"a[": {}}': 'Host "a[" ("/etc/escp.conf", line 1): Cannot use the pattern "a[": "[" is never closed',
      "hosts:\n  a:\n    streams: 0":
        'Key "streams" of host "a" ("/etc/escp.conf", line 3) must be a number from 1 to 64, not "0"',
      "streams: 1\nparallel: 2": `${at("parallel", 2)} is given twice`,
      "remote-path: a\nremote_path: b": `${at("remote_path", 2)} is given twice`,
    };
    for (const [text, message] of Object.entries(table)) assertEquals(await refusal(text), message, text);
  });

  it("is refused with the line if it is not YAML", async () => {
    const table: Record<string, string> = {
      "streams: 8\nstreams: 9": 'Cannot read "/etc/escp.conf", line 2: duplicated key',
      "a: [": 'Cannot read "/etc/escp.conf", line 1: unexpected end of the stream within a flow collection',
      "a: 1\n---\nb: 2": 'Cannot read "/etc/escp.conf": expected a single document',
      "hosts:\n  *.lab: {streams: 3}": 'Cannot read "/etc/escp.conf", line 2: unidentified alias ".lab:"',
      "a: !!js/regexp /a/": 'Cannot read "/etc/escp.conf", line 1:',
      "just words": 'Cannot use "/etc/escp.conf": it does not contain keys with values',
      "- a": 'Cannot use "/etc/escp.conf": it does not contain keys with values',
    };
    for (const [text, message] of Object.entries(table)) {
      assertEquals((await refusal(text)).slice(0, message.length), message, text);
    }
    assertEquals(await refusal("[".repeat(100_000)), 'Cannot read "/etc/escp.conf": it is nested too deeply');
  });

  it("accepts aliases that would expand to a very large value", async () => {
    let text = "a0: &a0 [1, 1]\n";
    for (let depth = 1; depth < 60; depth++) text += `a${depth}: &a${depth} [*a${depth - 1}, *a${depth - 1}]\n`;
    assertEquals(await refusal(text), 'Unknown key "a0" ("/etc/escp.conf", line 1)');
  });
});
