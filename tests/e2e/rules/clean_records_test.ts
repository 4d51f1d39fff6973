import { assert, assertEquals, assertMatch } from "@std/assert";
import { exists } from "@std/fs/exists";
import { it } from "@std/testing/bdd";
import { loadCipherEngine } from "../../../src/crypto/engines.ts";
import type { CleanJob } from "../../../src/protocol/control/job.ts";
import { takeOver } from "../../../src/resume/partial/take_over.ts";
import { CompletionLog } from "../../../src/resume/run/completion_log.ts";
import { recordPath, StateDirectory } from "../../../src/resume/state_directory.ts";
import { openClientSession } from "../../../src/session/model/client_session.ts";
import { PeerProcess } from "../../../src/session/model/peer_process.ts";
import { alteredEscp, type EscpResult, runEscp, writeEscpWrapper } from "../../support/escp/escp_command.ts";
import { parseEvents } from "../../support/escp/json_events.ts";
import { listNames } from "../../support/files/list_names.ts";
import { remoteConfig } from "../../support/escp/remote_settings.ts";
import { describeWithScene, type Engine, ENGINES } from "../../support/scene.ts";
import { addStateHome, recordsOf } from "../../support/escp/state.ts";
import { temporaryFiles } from "../../support/escp/temporary_files.ts";

const SIZE = 5000;

/** Partial file and records of an abandoned copy. */
interface Left {
  partial: string;
  journal: string;
  run: string;
}

describeWithScene("--clean by records", (scene) => {
  /** Makes the leftovers of an interrupted copy of a large file into the directory. */
  async function leave(home: string, directory: string, name = "big"): Promise<Left> {
    addStateHome(home);
    const state = await new StateDirectory((variable) => variable === "HOME" ? home : undefined).make();
    const target = `${directory}/${name}`;
    const journal = await recordPath(state, "journal", target);
    const source = { size: SIZE, mtime: 1, mtimeNs: 0, identity: "1:2" };
    const taken = (await takeOver(directory, { record: journal, target }, source))!;
    await Deno.writeFile(`${directory}/${taken.partial.name}`, new Uint8Array(SIZE));
    taken.journal.close();
    taken.lock.close();
    const run = await recordPath(state, "run", directory, name);
    const log = (await CompletionLog.open({ record: run, target: directory }, { create: true }))!;
    log.addFiles(Uint32Array.of(1, 2));
    log.close();
    return { partial: `${directory}/${taken.partial.name}`, journal, run };
  }

  const pathsOf = ({ partial, journal, run }: Left) => [partial, journal, run].sort();

  /** Returns the reported paths in alphabetical order. */
  const named = ({ stdout }: EscpResult) =>
    [...stdout.matchAll(/^remove[d ] {2}(?:testhost:)?(\S+) {2}/gm)].map(([, path]) => path).sort();

  /** Returns the last line. */
  const summary = ({ stdout }: EscpResult) => stdout.trimEnd().split("\n").at(-1);

  for (const engine of ENGINES) {
    for (const host of ["", "testhost:"]) {
      const where = `${host ? "remote" : "local"}, ${engine}`;

      /** Runs --clean with the state directory in this home directory. */
      const clean = async (home: string, ...args: string[]): Promise<EscpResult> => {
        const directory = await scene.tree();
        const escp = await writeEscpWrapper(directory, { engine, env: { HOME: home }, cwd: home });
        const flags = ["-D", escp, "--engine", engine, "--older-than", "0"];
        return await scene.clean(args, { flags, env: host ? {} : { HOME: home } });
      };
      /** Operands that select all records. */
      const all = host ? [host] : [];

      it(`removes partial files of all directories without walking (${where})`, async () => {
        const [home, data] = [
          await scene.tree(),
          await scene.tree({ "a/b": { directory: true }, "c": { directory: true } }),
        ];
        const left = [await leave(home, `${data}/a/b`), await leave(home, `${data}/c`)];
        await Deno.writeTextFile(`${data}/c/.escp-5f2a09c1-00000a01-0000002f.part`, "only a walk finds this");
        const expected = left.flatMap(pathsOf).sort();
        const dry = await clean(home, "-n", ...all);
        assertEquals([dry.code, dry.stderr, named(dry)], [0, "", expected]);
        assertEquals(recordsOf(data).length, 4);
        const young = await clean(home, "--older-than", "1d", ...all);
        assertEquals([named(young), summary(young)], [
          [],
          "0 files removed, 0 B; 6 kept: in use, or changed less than 1d ago",
        ]);
        const done = await clean(home, ...all);
        assertEquals([done.code, done.stderr, named(done)], [0, "", expected]);
        assertMatch(summary(done)!, /^6 files removed, \d/);
        assertEquals([recordsOf(data), temporaryFiles(data).length], [[], 1]);
        assertEquals(summary(await clean(home, ...all)), "0 files removed, 0 B");
      });

      it(`stays in the given directories and walks them for orphans (${where})`, async () => {
        const [home, data] = [
          await scene.tree(),
          await scene.tree({ "in/sub": { directory: true }, "out": { directory: true } }),
        ];
        const [inside, outside] = [await leave(home, `${data}/in/sub`), await leave(home, `${data}/out`)];
        const orphan = `${data}/in/.escp-${"0123456789abcdef".repeat(2)}.part`;
        await Deno.writeTextFile(orphan, "orphan");
        const expected = [orphan, ...pathsOf(inside)].sort();
        for (const flags of [["-n"], []]) {
          const done = await clean(home, ...flags, `${host}${data}/in`);
          assertEquals([done.code, done.stderr, named(done)], [0, "", expected]);
        }
        assertEquals(await Promise.all(pathsOf(outside).map((path) => exists(path))), [true, true, true]);
      });

      it(`keeps records and partial files of a running copy (${where})`, async () => {
        const [home, data] = [await scene.tree(), await scene.tree({ "d": { directory: true } })];
        const { partial, journal, run } = await leave(home, `${data}/d`);
        const locks = await Promise.all([journal, run].map((path) => Deno.open(path)));
        for (const lock of locks) await lock.lock(true);
        for (const operands of [all, [`${host}${data}`]]) {
          const used = await clean(home, ...operands);
          assertEquals([used.code, summary(used)], [
            0,
            "0 files removed, 0 B; 3 kept: in use, or changed less than 1m ago",
          ]);
        }
        for (const lock of locks) lock.close();
        assertEquals(named(await clean(home, ...all)), [partial, journal, run].sort());
      });

      it(`removes a record whose partial file was replaced, and keeps that file (${where})`, async () => {
        const [home, data] = [
          await scene.tree(),
          await scene.tree({ "a": { directory: true }, "b": { directory: true } }),
        ];
        const [swapped, linked] = [await leave(home, `${data}/a`), await leave(home, `${data}/b`)];
        await Deno.rename(swapped.partial, `${data}/kept`);
        await Deno.writeTextFile(swapped.partial, "another");
        // The directory of the second copy becomes a link to the moved one.
        await Deno.rename(`${data}/b`, `${data}/moved`);
        await Deno.symlink("moved", `${data}/b`);
        const done = await clean(home, ...all);
        assertEquals([done.code, done.stderr], [0, ""]);
        assertEquals(named(done), [swapped.journal, swapped.run, linked.journal, linked.run].sort());
        assertEquals(await Deno.readTextFile(swapped.partial), "another");
        assert(await exists(linked.partial));
        assertEquals(recordsOf(data), []);
      });

      it(`removes damaged records and keeps other files (${where})`, async () => {
        const [home, data] = [await scene.tree(), await scene.tree({ "d": { directory: true } })];
        const { partial, journal, run } = await leave(home, `${data}/d`);
        const state = journal.slice(0, journal.lastIndexOf("/"));
        await Deno.writeTextFile(journal, "damaged");
        await Deno.truncate(run, 0);
        await Deno.writeTextFile(`${state}/notes`, "mine");
        await Deno.symlink("notes", `${state}/${"0".repeat(32)}.run`);
        const restricted = await clean(home, `${host}${data}`);
        assertEquals(named(restricted), [partial]);
        const done = await clean(home, ...all);
        assertEquals([done.code, named(done)], [1, [journal, run].sort()]);
        assertEquals(listNames(state), [`${"0".repeat(32)}.run`, "notes"]);
      });
    }

    it(`stays in the directory to which a host confines its sessions (${engine})`, async () => {
      const data = await scene.tree({ "in": { directory: true }, "out": { directory: true } });
      const home = scene.sshd.home;
      const [inside, outside] = [await leave(home, `${data}/in`), await leave(home, `${data}/out`)];
      await using _ = await remoteConfig(scene, `root: ${data}/in\n`);
      const flags = ["-D", `${scene.sshd.binDirectory}/${engine}/escp`, "--older-than", "0"];
      const { code, stderr, stdout } = await scene.clean(["testhost:"], { flags });
      assertEquals([code, stderr], [0, ""]);
      for (const path of pathsOf(inside)) assert(stdout.includes(path), stdout);
      assertEquals(await Promise.all(pathsOf(outside).map((path) => exists(path))), [true, true, true]);
    });

    it(`treats an empty path of an older client as the home directory (${engine})`, async () => {
      const [home, data] = [await scene.tree(), await scene.tree({ "d": { directory: true } })];
      const { partial } = await leave(home, `${data}/d`);
      const orphan = ".escp-5f2a09c1-00000a01-0000002f.part";
      await Deno.writeTextFile(`${home}/${orphan}`, "1");
      const job: CleanJob = { direction: "clean", sources: [""], olderThanMs: 0 };
      const removed = await cleanAsOlderClient(job, engine, home, alteredEscp("later.ts", "2"));
      assertEquals(removed, [`${home}/${orphan}`]);
      assert(await exists(partial));
    });
  }

  /** Runs --clean like a client that does not know records, and returns the removed paths. */
  async function cleanAsOlderClient(job: CleanJob, engine: Engine, home: string, escp: string[]): Promise<string[]> {
    const words = [...escp, "--receiver", "--local-peer", "--engine", engine].map((word) => `'${word}'`).join(" ");
    const args = ["-c", `cd '${home}' && HOME='${home}' exec ${words}`];
    const peer = new PeerProcess({ program: "sh", args, name: "remote end" });
    const session = await openClientSession(peer, {
      job,
      needed: [],
      cipher: "aes-128-gcm",
      engine: loadCipherEngine("portable").engine,
      timeoutMs: 60_000,
      note: () => {},
    });
    const removed: string[] = [];
    try {
      for (;;) {
        const message = await session.control.expect("removed", "failed", "cleaned");
        if (message.type === "removed") removed.push(...message.entries.map(({ path }) => path));
        if (message.type === "cleaned") return removed;
      }
    } finally {
      session.control.send({ type: "bye" });
      await session.control.flushed();
      await session.control.close();
      session.close();
      await peer.end(8_000);
    }
  }

  it("reports an empty list of directories with --json if none was given", async () => {
    const home = await scene.tree();
    const { code, stdout } = await runEscp(["--clean", "--json"], { env: { HOME: home } });
    const [start, end] = parseEvents(stdout);
    assertEquals([code, start.folders, end.files], [0, [], 0]);
    assertEquals(listNames(home), [], "nothing is created");
  });
});
