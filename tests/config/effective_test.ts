import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Configs } from "../../src/config/files.ts";
import { mergeOptions } from "../../src/config/merge_options.ts";
import { limitsOf, settingsFor } from "../../src/config/effective.ts";
import { parseConfig } from "../../src/config/parse_config.ts";
import { TABLE } from "./key_table.ts";

async function configs(system?: string, user?: string): Promise<Configs> {
  const parse = (text: string | undefined, file: string) =>
    text === undefined ? undefined : parseConfig(text, file, TABLE);
  return { system: await parse(system, "/etc/escp.conf"), user: await parse(user, "~/config.yaml") };
}

describe("settings for a copy", () => {
  it("are empty without files", async () => {
    assertEquals((await settingsFor(await configs(), "a")).options, {});
  });

  it("are those of the system, overridden by those of the user key by key", async () => {
    const both = await configs(
      "streams: 2\nengine: native\nidentity: [a, b]\ncpumask: 1\nnodemask: 1",
      "streams: 3\nidentity: [c]\ncpumask: 2",
    );
    assertEquals(settingsFor(both), {
      options: { streams: 3, engine: "native", identity: ["c"] },
      cpumask: [1],
      nodemask: [0],
    });
  });

  it("include every matching entry for the host, in order", async () => {
    const one = await configs(
      'streams: 1\nhosts: {"*.lab": {streams: 2, engine: native}, "{a,b}.lab": {streams: 3}, "c*": {cpumask: f}}\nverbose: 1',
    );
    const streams = (host?: string) => settingsFor(one, host).options.streams;
    assertEquals(streams(), 1);
    assertEquals(streams("x"), 1);
    assertEquals(streams("x.lab"), 2);
    assertEquals(streams("x.y.LAB"), 2);
    assertEquals(streams("b.lab"), 3);
    assertEquals(settingsFor(one, "b.lab").options, { streams: 3, engine: "native", verbose: 1 });
    assertEquals(settingsFor(one, "c.lab").cpumask, [0, 1, 2, 3]);
    assertEquals(settingsFor(one, "::1").options, { streams: 1, verbose: 1 });
  });

  it("of the user for all hosts override those of the system for some", async () => {
    const both = await configs("hosts: {a: {streams: 2, verbose: 1}}", "streams: 3\nhosts: {A: {engine: portable}}");
    assertEquals(settingsFor(both, "a").options, { streams: 3, verbose: 1, engine: "portable" });
  });
});

describe("merged options", () => {
  it("that exclude each other are decided by the later one", async () => {
    const both = await configs(
      "ipv4: true\nescp-port: 1\nthrough-here: true",
      "ipv6: true\nhosts: {a: {from-origin: true}}",
    );
    assertEquals(settingsFor(both).options, { ipv6: true, "escp-port": 1, "through-here": true });
    assertEquals(settingsFor(both, "a").options, { ipv6: true, "escp-port": 1, "from-origin": true });
    assertEquals(mergeOptions({ ipv4: true }, { ipv6: false } as Record<string, boolean>), { ipv4: true, ipv6: false });
    assertEquals(mergeOptions({ "escp-port": 1 }, { "escp-portrange": "2-3" } as object), { "escp-portrange": "2-3" });
  });

  it("that are filter rules form one list, in the order of the file", async () => {
    const rule = (action: string, pattern: string, kind = "glob") => ({ action, kind, pattern });
    const one = "exclude: [a, b]\ninclude: c\nexclude-regex: ^d";
    const { rules } = settingsFor(await configs(one)).options;
    assertEquals(rules, [
      rule("exclude", "a"),
      rule("exclude", "b"),
      rule("include", "c"),
      rule("exclude", "^d", "regex"),
    ]);
    assertEquals(settingsFor(await configs(one, "include: e")).options, { rules: [rule("include", "e")] });
  });
});

describe("limits of a receiving host", () => {
  it("are empty without files", async () => {
    assertEquals(limitsOf(await configs()), {
      root: undefined,
      allow: undefined,
      ports: undefined,
      cpumask: undefined,
      nodemask: undefined,
    });
  });

  it("cannot be widened by the user", async () => {
    const both = await configs(
      "root: /srv/in\nallow: pull\nescp-portrange: 1232-1234",
      "root: /\nallow: [push, pull]\nescp-port: 80\ncpumask: 2\nhosts: {a: {cpumask: f}}",
    );
    assertEquals(limitsOf(both), {
      root: "/srv/in",
      allow: ["pull"],
      ports: { first: 1232, last: 1234 },
      cpumask: [1],
      nodemask: undefined,
    });
  });

  it("are those of the user if the system does not set them", async () => {
    const both = await configs("streams: 2", "root: ~/in\nallow: []\nescp_port: 5000\nescp_portrange: 2");
    assertEquals([limitsOf(both).root, limitsOf(both).allow], ["~/in", []]);
    assertEquals(limitsOf(both).ports, { first: 5000, last: 5002 });
  });
});
