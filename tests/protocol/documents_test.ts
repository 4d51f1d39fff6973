/** The protocol documents name everything that the code has. */

import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { describe, it } from "@std/testing/bdd";
import { walkFiles } from "../../scripts/walk_files.ts";
import { CIPHER_NAMES } from "../../src/crypto/cipher.ts";
import { CODEC_NAMES } from "../../src/protocol/codec_names.ts";
import { FEATURES } from "../../src/protocol/control/hello.ts";
import * as probes from "../../src/protocol/control/probe.ts";
import { ComparePhase, CompareResult } from "../../src/protocol/data/compare.ts";
import { FrameKind, PROOF_PAYLOAD_LIMIT } from "../../src/protocol/data/frame.ts";
import { RecordField, RecordType } from "../../src/protocol/data/records.ts";
import { MAX_SHARED_BYTES } from "../../src/protocol/data/shared_file.ts";
import * as limits from "../../src/protocol/limits.ts";

const root = new URL("../../", import.meta.url);
const read = (path: string) => Deno.readTextFile(new URL(path, root));
const [protocol, sessions, wireFormat, threats] = await Promise.all(
  ["PROTOCOL", "SESSIONS", "WIRE_FORMAT", "THREATS"].map((name) => read(`src/protocol/${name}.md`)),
);

/** Returns the names that the text does not contain in backquotes. */
function unnamed(names: Iterable<string>, text: string): string[] {
  return [...new Set(names)].filter((name) => !text.includes(`\`${name}\``));
}

/** Returns the first group of each match. */
function matches(text: string, pattern: RegExp): string[] {
  return Array.from(text.matchAll(pattern), ([, group]) => group);
}

describe("WIRE_FORMAT.md", () => {
  it("lists every message type", async () => {
    const types = matches(await read("src/protocol/control/messages.ts"), /type: "(\w+)"/g);
    assert(types.length > 25);
    const listed = matches(wireFormat, /^- `(\w+)`, /gm);
    assertEquals([...new Set(types)].filter((type) => !listed.includes(type)), []);
  });

  it("names every field of the hello, messages, jobs, failures and measurements", async () => {
    const parsers = ["control/hello", "control/message_codec", "control/message_parts", "control/job", "control/probe"];
    for (const module of [...parsers, "failure"]) {
      const fields = matches(await read(`src/protocol/${module}.ts`), /\((?:fields|cipher), "(\w+)"/g);
      assert(fields.length > 0, module);
      assertEquals(unnamed(fields, wireFormat.replaceAll("`?", "`")), [], module);
    }
  });

  it("lists every limit with its value", () => {
    const constants = { ...limits, ...probes, PROOF_PAYLOAD_LIMIT, MAX_SHARED_BYTES };
    const values = Object.entries(constants).filter(([, value]) => typeof value === "number");
    assert(values.length > 30);
    const rows = wireFormat.matchAll(/^\| `([A-Z_]+)` +\| (\d+)/gm);
    const listed = Object.fromEntries(Array.from(rows, ([, name, value]) => [name, Number(value)]));
    assertEquals(listed, Object.fromEntries(values));
  });

  it("names frame kinds, record types and fields, phases, outcomes, ciphers and codecs", () => {
    const names = [FrameKind, RecordType, ComparePhase, CompareResult].flatMap((each) => Object.keys(each));
    for (const name of [...names, ...CIPHER_NAMES, ...CODEC_NAMES]) {
      assert(new RegExp(`\`(?:\\d )?${name}\`|\\d \`${name}\``).test(wireFormat), name);
    }
    for (const [name, at] of Object.entries(RecordField)) {
      assert(new RegExp(`^\\| ${at} +\\| \\d +\\| ${name} `, "m").test(wireFormat), name);
    }
  });
});

describe("PROTOCOL.md", () => {
  it("lists every feature", () => {
    assertEquals(matches(protocol, /^\| `([a-z-]+)` /gm), [...FEATURES]);
  });
});

describe("SESSIONS.md", () => {
  it("lists every error code", async () => {
    const codes: string[] = [];
    for await (const { path } of walkFiles(fromFileUrl(new URL("src", root)), { match: /\.ts$/ })) {
      codes.push(...matches(await Deno.readTextFile(path), /new (?:Protocol|Corruption)Error\(\s*"([a-z-]+)"/g));
    }
    assert(codes.length > 30);
    assertEquals(unnamed(codes, sessions), []);
  });
});

describe("THREATS.md", () => {
  it("names tests", () => {
    assert(matches(threats, /`(tests\/[\w/]+\.ts)`/g).length > 30);
  });
});
