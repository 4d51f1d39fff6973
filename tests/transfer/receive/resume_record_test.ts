import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Confinement } from "../../../src/files/target/confinement.ts";
import { loadFileEngine } from "../../../src/files/load_engine.ts";
import { CompletionLog } from "../../../src/resume/run/completion_log.ts";
import { recordPath, StateDirectory } from "../../../src/resume/state_directory.ts";
import type { ReceiveOptions } from "../../../src/transfer/receive/receive_options.ts";
import { ResumeRecord } from "../../../src/transfer/receive/resume_record.ts";
import { createTempDirectory } from "../../support/files/temp.ts";

const SOURCE = { operand: 0, name: "source", kind: "folder" as const, dev: 1, inode: 2 };

describe("ResumeRecord", () => {
  it("does not touch the record of a target that the host does not allow", async () => {
    await using directory = await createTempDirectory();
    const path = await Deno.realPath(directory.path);
    for (const name of ["in", "out"]) await Deno.mkdir(`${path}/${name}`);
    const { paths } = (await loadFileEngine("portable")).engine;
    const state = new StateDirectory((name) => name === "XDG_STATE_HOME" ? `${path}/state` : undefined);
    const record = await recordPath(await state.make(), "run", `${path}/out`, SOURCE.name);
    const log = await CompletionLog.open({ record, target: `${path}/out` }, { create: true });
    log!.addFiles(Uint32Array.of(1, 2));
    log!.close();
    const options = { machine: { files: { paths }, state }, base: "/", tilde: false, target: `${path}/out` };
    const confined = { ...options, confinement: new Confinement(`${path}/in`, "/", paths) };
    const isLeft = async (options: unknown) => {
      const run = await ResumeRecord.find(options as ReceiveOptions, [SOURCE]);
      run.close();
      return [run.reopened, [...Deno.readDirSync(record.slice(0, record.lastIndexOf("/")))].length > 0];
    };
    assertEquals(await isLeft({ ...confined, job: { resume: true } }), [false, true]);
    assertEquals(await isLeft({ ...confined, job: { resume: false } }), [false, true]);
    assertEquals(await isLeft({ ...options, job: { resume: true } }), [true, true]);
    assertEquals(await isLeft({ ...options, job: { resume: false } }), [false, false]);
  });
});
