import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { configPaths, readConfigs } from "../../src/config/files.ts";
import { UsageError } from "../../src/errors.ts";
import { createTempTree } from "../support/files/temp_tree.ts";
import { TABLE } from "./key_table.ts";

const isRoot = Deno.build.os !== "windows" && Deno.uid() === 0;

describe("configuration files", () => {
  it("have the paths that are usual on their system", () => {
    const paths = (variables: Record<string, string>, windows = false) =>
      configPaths((name) => variables[name], windows);
    assertEquals(paths({ HOME: "/home/u" }), { system: "/etc/escp.conf", user: "/home/u/.config/escp/config.yaml" });
    assertEquals(paths({ HOME: "/home/u", XDG_CONFIG_HOME: "/x" }).user, "/x/escp/config.yaml");
    assertEquals(paths({ HOME: "/home/u", XDG_CONFIG_HOME: "" }).user, "/home/u/.config/escp/config.yaml");
    assertEquals(paths({ HOME: "/home/u", XDG_CONFIG_HOME: "x" }).user, "/home/u/.config/escp/config.yaml");
    assertEquals(paths({ XDG_CONFIG_HOME: "/x" }).user, "/x/escp/config.yaml");
    assertEquals(paths({}), { system: "/etc/escp.conf", user: undefined });
    assertEquals(paths({ APPDATA: "C:\\u" }, true), {
      system: "C:\\ProgramData\\escp\\escp.conf",
      user: "C:\\u\\escp\\config.yaml",
    });
  });

  it("are read if they exist", async () => {
    await using tree = await createTempTree({ "a": "streams: 8\n", "b": "\ufeffstreams: 9\r\n", "file": "" });
    const at = (name: string) => `${tree.path}/${name}`;
    const both = await readConfigs({ system: at("a"), user: at("b") }, TABLE);
    assertEquals([both.system?.options, both.user?.options], [{ streams: 8 }, { streams: 9 }]);
    assertEquals(both.system?.file, at("a"));
    assertEquals(await readConfigs({ system: at("none"), user: at("file/none") }, TABLE), {
      system: undefined,
      user: undefined,
    });
    assertEquals((await readConfigs({ system: at("none") }, TABLE)).user, undefined);
  });

  it("must be readable, text and not too large", async () => {
    await using tree = await createTempTree({
      "directory": { directory: true },
      "loop": { link: "loop" },
      "binary": Uint8Array.of(0x61, 0xff),
      "full": "#".repeat((1 << 20) - 1) + "\n",
      "large": "#".repeat(1 << 20) + "\n",
    });
    const refusal = async (name: string) => {
      const read = () => readConfigs({ system: `${tree.path}/${name}` }, TABLE);
      return (await assertRejects(read, UsageError)).message.replace(tree.path, "");
    };
    assertEquals(await refusal("directory"), 'Cannot read "/directory": Is a directory');
    assertEquals(await refusal("loop"), 'Cannot read "/loop": Too many levels of symbolic links');
    assertEquals(await refusal("binary"), 'Cannot read "/binary": it is not UTF-8 text');
    assertEquals(await refusal("large"), 'Cannot read "/large": it is larger than 1 MiB');
    assertEquals((await readConfigs({ system: `${tree.path}/full` }, TABLE)).system?.options, {});
  });

  it("are an error if they may not be read", { ignore: isRoot || Deno.build.os === "windows" }, async () => {
    await using tree = await createTempTree({ "a": { content: "streams: 8", mode: 0 } });
    await assertRejects(() => readConfigs({ system: `${tree.path}/a` }, TABLE), UsageError, "Permission denied");
  });
});
