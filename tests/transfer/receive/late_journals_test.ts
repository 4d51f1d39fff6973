import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { existsSync } from "@std/fs/exists";
import type { Resumable } from "../../../src/files/engine/partial_file.ts";
import { crc32 } from "../../../src/protocol/crc32.ts";
import { LateJournals } from "../../../src/transfer/receive/late_journals.ts";
import { ENGINES, TempDirectory } from "../../files/file_engines.ts";
import { randomBytes } from "../../support/files/random_bytes.ts";

const SIZE = 1000;
const CONTENTS = randomBytes(SIZE, "contents");
const SOURCE = { size: SIZE, mtime: 1_700_000_000, mtimeNs: 5, identity: "1:2" };
const ATTRIBUTES = { mode: 0o640, uid: 0, gid: 0, mtime: 1_500_000_000, mtimeNs: 5, atime: 1_500_000_000, atimeNs: 6 };

for (const { title, make } of ENGINES) {
  describe(`late journals, ${title}`, () => {
    /** Starts a copy, and counts the journals that are started. */
    function start(
      temp: TempDirectory,
      options: { delayMs?: number; mayStart?: boolean; hasChecksums?: boolean } = {},
    ) {
      const target = make().openTarget([{ kind: "folder", path: temp.directory("target"), created: false }], {
        preserve: false,
        keepTimes: false,
        umask: 0o022,
        token: "test",
      });
      const about: Resumable = {
        record: `${temp.directory("state")}/record`,
        target: `${temp.path}/target/big`,
        source: SOURCE,
        later: true,
      };
      const begun = Promise.withResolvers<void>();
      const told: string[] = [];
      const asked = Promise.withResolvers<void>();
      const { mayStart = true, hasChecksums = true, delayMs = 1 } = options;
      const journals = new LateJournals({
        async startJournal(...args) {
          const path = await target.partials.startJournal(...args);
          // The caller handles the result first.
          setTimeout(begun.resolve);
          return path;
        },
      }, {
        mayStart() {
          setTimeout(asked.resolve);
          return mayStart;
        },
        started: (file, path) => told.push(`${file} ${path}`),
        hasChecksums,
        delayMs,
      });
      const begin = async () => {
        const { partial, kept } = await target.partials.begin(0, "big", SIZE, { resumable: about });
        journals.add(0, partial, about, SOURCE);
        return { partial, kept: kept.map(({ start, end }) => [start, end]) };
      };
      const write = (partial: Awaited<ReturnType<typeof begin>>["partial"], start: number, end: number) => {
        const writer = target.partials.open(partial);
        writer.writeAt(CONTENTS, start, end - start, start);
        writer.close();
        journals.written(0, { start, end, crc32: crc32(CONTENTS, start, end) });
      };
      const end = async () => {
        await journals.settled();
        target.abort({ keepPartials: true });
        target.close();
      };
      return { target, about, journals, told, begun: begun.promise, asked: asked.promise, begin, write, end };
    }

    it("contain the ranges that were written before and after their start", async () => {
      using temp = new TempDirectory();
      const copy = start(temp);
      const { partial } = await copy.begin();
      copy.write(partial, 0, 100);
      assertEquals([partial.journal, existsSync(copy.about.record)], [undefined, false]);
      await copy.begun;
      assertEquals([partial.journal, copy.told], [copy.about.record, [`0 ${copy.about.record}`]]);
      assertEquals([copy.journals.starting, copy.journals.open], [0, 1]);
      copy.write(partial, 300, 400);
      copy.journals.written(0, { start: 500, end: 600, crc32: 0, recorded: true });
      await copy.end();
      assertEquals(copy.journals.open, 0);
      assertEquals(temp.list("target"), [partial.temporary]);

      const next = start(temp);
      const resumed = await next.begin();
      assertEquals(resumed.kept, [[0, 100], [300, 400]]);
      next.write(resumed.partial, 100, 300);
      next.write(resumed.partial, 400, SIZE);
      next.target.partials.commit(resumed.partial, ATTRIBUTES);
      await next.end();
      assertEquals([...temp.list("target"), ...temp.list("state")], ["big"]);
      assertEquals(Deno.readFileSync(temp.at("target/big")), CONTENTS);
    });

    it("protect a partial file that is left from the removal of temporary files", async () => {
      using temp = new TempDirectory();
      const copy = start(temp);
      const { partial } = await copy.begin();
      await copy.begun;
      copy.write(partial, 0, 100);
      copy.journals.forget(0);
      copy.target.partials.keep(partial);
      copy.target.partials.create(0, "other", 5);
      copy.target.directories.sweep([{ root: 0, path: "" }]);
      assertEquals(temp.list("target"), [partial.temporary]);
      await copy.end();
    });

    it("are removed with a file that is complete", async () => {
      using temp = new TempDirectory();
      const copy = start(temp);
      const { partial } = await copy.begin();
      await copy.begun;
      assertEquals(temp.list("state"), ["record"]);
      copy.write(partial, 0, SIZE);
      copy.journals.forget(0);
      copy.target.partials.commit(partial, ATTRIBUTES);
      assertEquals([...temp.list("state"), ...temp.list("target")], ["big"]);
      await copy.end();
    });

    it("are not started for a file that is complete or abandoned meanwhile", async () => {
      for (const done of ["commit", "discard"] as const) {
        using temp = new TempDirectory();
        const copy = start(temp);
        const { partial } = await copy.begin();
        copy.write(partial, 0, SIZE);
        const starting = copy.target.partials.startJournal(partial, copy.about, SOURCE);
        if (done === "commit") copy.target.partials.commit(partial, ATTRIBUTES);
        else copy.target.partials.discard(partial);
        assertEquals(await starting, undefined);
        copy.journals.forget(0);
        await copy.end();
        assertEquals([...temp.list("state"), ...temp.list("target")], done === "commit" ? ["big"] : []);
      }
    });

    it("leave nothing of a file that ends before they are due", async () => {
      using temp = new TempDirectory();
      const copy = start(temp, { delayMs: 3_600_000 });
      const { partial } = await copy.begin();
      copy.write(partial, 0, 100);
      await copy.end();
      assertEquals([...temp.list("state"), ...temp.list("target")], []);
    });

    it("are not started if another file has the name of the partial file", async () => {
      using temp = new TempDirectory();
      const copy = start(temp, { delayMs: 3_600_000 });
      const { partial } = await copy.begin();
      Deno.renameSync(temp.at(`target/${partial.temporary}`), temp.at("target/moved"));
      temp.write(`target/${partial.temporary}`, "planted");
      const isKnown = partial.identity.inode !== 0;
      assertEquals(
        await copy.target.partials.startJournal(partial, copy.about, SOURCE),
        isKnown ? undefined : copy.about.record,
      );
      if (isKnown) assertEquals(temp.list("state"), []);
      await copy.end();
    });

    it("are not started without descriptors", async () => {
      using temp = new TempDirectory();
      const copy = start(temp, { mayStart: false });
      await copy.begin();
      await copy.asked;
      assertEquals([...copy.told, ...temp.list("state")], []);
      await copy.end();
    });

    it("count while they are started", async () => {
      using temp = new TempDirectory();
      const copy = start(temp);
      const { partial } = await copy.begin();
      const first = Promise.withResolvers<undefined>();
      const asked = Promise.withResolvers<void>();
      const counts: number[] = [];
      const journals = new LateJournals({ startJournal: () => first.promise }, {
        mayStart() {
          counts.push(journals.starting);
          if (counts.length === 2) asked.resolve();
          return true;
        },
        started() {},
        hasChecksums: true,
        delayMs: 1,
      });
      journals.add(0, partial, copy.about, SOURCE);
      journals.add(1, partial, copy.about, SOURCE);
      await asked.promise;
      first.resolve(undefined);
      await journals.settled();
      assertEquals([counts, journals.starting], [[0, 1], 0]);
      copy.target.partials.discard(partial);
      await copy.end();
    });

    it("of local copies contain no ranges", async () => {
      using temp = new TempDirectory();
      const copy = start(temp, { hasChecksums: false });
      const { partial } = await copy.begin();
      await copy.begun;
      const header = Deno.statSync(copy.about.record).size;
      copy.write(partial, 0, 100);
      assertEquals(Deno.statSync(copy.about.record).size, header);
      await copy.end();
    });
  });
}
