/** `--json-schema` describes every event of `--json`. */

import { type Schema, Validator } from "@cfworker/json-schema";
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { jsonSchema, TASK_EVENTS } from "../../../src/ui/json/json_schema.ts";
import { alteredEscp, runEscp } from "../../support/escp/escp_command.ts";
import { type JsonEvent, parseEvents } from "../../support/escp/json_events.ts";
import { describeWithScene, ENGINES, type Variant } from "../../support/scene.ts";
import { writeScript } from "../../support/shell_script.ts";

const [ENGINE] = ENGINES;
const PUSH: Variant = { direction: "push", engine: ENGINE, streams: 1 };

/** Returns the schema without permission for further fields, at any depth. */
function strict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict);
  if (typeof schema !== "object" || schema === null) return schema;
  const fields = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, strict(value)]));
  return "properties" in schema && "type" in schema && schema.type === "object"
    ? { ...fields, additionalProperties: false }
    : fields;
}

const usual = new Validator(jsonSchema("1.2.3") as Schema, "2020-12");
const exact = new Validator(strict(jsonSchema("1.2.3")) as Schema, "2020-12");

/** Checks the events, and returns the names of those that occurred. */
function checkEvents(stdout: string): Set<string> {
  const events: JsonEvent[] = parseEvents(stdout);
  for (const event of events) {
    assert(usual.validate(event).valid, `The schema refuses ${JSON.stringify(event)}`);
    assert(exact.validate(event).valid, `The schema lacks a field of ${JSON.stringify(event)}`);
  }
  return new Set(events.map(({ event, status, step }) => [event, status, step].filter(Boolean).join(" ")));
}

describe("--json-schema", () => {
  it("prints the schema", async () => {
    const { code, stdout } = await runEscp(["--json-schema"]);
    const { $schema, anyOf } = JSON.parse(stdout);
    assertEquals([code, $schema], [0, "https://json-schema.org/draft/2020-12/schema"]);
    assertEquals(anyOf.length, TASK_EVENTS.flatMap(({ forms }) => forms).length);
  });

  it("accepts fields of later versions, but no other events and types", () => {
    const note = { event: "note", message: "odd" };
    const isValid = (event: object) => usual.validate(event).valid;
    assertEquals([isValid(note), isValid({ ...note, later: 1 })], [true, true]);
    assertEquals([isValid({ event: "notes", message: "odd" }), isValid({ event: "note" })], [false, false]);
    assertEquals(isValid({ event: "note", message: 1 }), false);
    assertEquals(exact.validate({ ...note, later: 1 }).valid, false);
  });
});

describeWithScene("--json-schema", (scene) => {
  it("describes a copy, with notes, failures, compression, verification and a list", async () => {
    const path = await scene.tree({
      "from/a": "a",
      "from/b": { size: 2_000_000 },
      "list": "",
      "to": { directory: true },
    });
    const sources = [`${path}/from`, `${path}/missing`];
    const flags = ["--json", "-r", "-C", "--verify", "--include", "*"];
    const failed = await scene.copy(PUSH, { flags, sources, target: `${path}/to` });
    assertEquals(
      checkEvents(failed.stdout),
      new Set(["start", "note", "connected", "failed", "progress", "end failed"]),
    );
    await Deno.writeTextFile(`${path}/list`, `${path}/from/a\n`);
    const listed = await scene.copy(PUSH, {
      flags: ["--json", "--filelist", `${path}/list`],
      sources: [],
      target: `${path}/to`,
    });
    assertEquals(checkEvents(listed.stdout).has("end ok"), true);
  });

  it("describes a dry run, and a copy of synthetic files", async () => {
    const path = await scene.tree({ "from/a": "a", "from/b": "b", "to/from/a": "A" });
    const copy = { sources: [`${path}/from`], target: `${path}/to` };
    const planned = await scene.copy(PUSH, { ...copy, flags: ["--json", "-r", "--checksum", "-n"] });
    assertEquals(checkEvents(planned.stdout).has("planned"), true);
    const dummy = await scene.copy(PUSH, { ...copy, flags: ["--json", "-r", "--ioengine", "dummy"] });
    assertEquals(checkEvents(dummy.stdout).has("end ok"), true);
  });

  it("describes a lost session, its retry, and the end of the copy with an error", async () => {
    const path = await scene.tree({ "a": { size: 8 << 20 } });
    await using running = await scene.start(PUSH, {
      flags: ["--json", "-l", "8", "--retries", "1"],
      sources: [`${path}/a`],
      target: `${path}/b`,
    });
    await running.waitForText("stdout", /"event":"connected"/);
    await scene.sshd.cutConnections();
    await running.waitForText("stdout", /"event":"connected"[^]*"event":"connected"/);
    await scene.sshd.cutConnections();
    const { code, stdout } = await running.result;
    assertEquals(code, 1);
    assertEquals([...checkEvents(stdout)].filter((name) => /retry|end/.test(name)), ["retry", "end error"]);
  });

  it("describes a failed login, also of one host of several", async () => {
    const path = await scene.tree({ "a": "a", "to": { directory: true } });
    const ssh = await writeScript(`${path}/ssh`, "echo 'no login' >&2", "exit 255");
    const error = await runEscp(["--json", "-S", ssh, `${path}/a`, "testhost:b"]);
    assertEquals([error.code, checkEvents(error.stdout)], [255, new Set(["start", "end error"])]);
    const failed = await runEscp(["--json", "-S", ssh, `${path}/a`, "testhost:b", `${path}/to`]);
    assertEquals([failed.code, checkEvents(failed.stdout).has("failed")], [1, true]);
  });

  it("describes --clean", async () => {
    const path = await scene.tree({ ".escp-5f2a09c1-00000a01-0000002f.part": "left" });
    // Files without a lock are removed only after a day.
    const command = alteredEscp("later.ts", "2");
    const clean = async (operands: string[], ...flags: string[]) =>
      checkEvents((await scene.clean(operands, { command, flags: ["--json", ...flags] })).stdout);
    assertEquals(await clean([path], "-n"), new Set(["start", "planned", "end ok"]));
    const [noSsh, host] = [["-S", "/nonexistent"], "testhost:"];
    assertEquals(await clean([path, host], ...noSsh), new Set(["start", "removed", "failed", "end failed"]));
    assertEquals(await clean([host], ...noSsh), new Set(["start", "end error"]));
  });

  it("describes --doctor", async () => {
    const options = [...scene.sshd.sshOptions, "--json", "--doctor-time", "20", "--doctor"];
    const { code, stdout } = await runEscp([...options, "testhost"]);
    assertEquals(code, 0);
    const steps = checkEvents(stdout);
    for (const step of ["login", "escp", "system", "ports", "round trip", "throughput", "disk", "cipher"]) {
      assert([...steps].some((name) => name.endsWith(step)), step);
    }
    const failed = await runEscp(["-S", "/nonexistent", ...options, "testhost"]);
    assertEquals(checkEvents(failed.stdout).has("end failed"), true);
  });
});
