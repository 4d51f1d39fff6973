/** Entries of the user that another user moves to a path of the copy, to receive them with other attributes. */

import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { TargetRoot } from "../../src/files/engine/target_root.ts";
import { RecordType } from "../../src/protocol/data/records.ts";
import { applyRecords, ENGINES, isRoot, TempDirectory } from "../files/file_engines.ts";
import { changeOwner } from "../support/files/change_owner.ts";
import { OTHER_USER } from "../support/files/plain_rights.ts";
import { describeWithScene, ENGINES as NAMED } from "../support/scene.ts";

const { enter, file } = RecordType;
const PUBLIC = { mode: 0o755, uid: 0, gid: 0, mtime: 5, mtimeNs: 0, atime: 5, atimeNs: 0 };

for (const { title, make } of ENGINES) {
  describe(`a directory that another one has replaced (${title})`, { ignore: Deno.build.os === "windows" }, () => {
    for (const preserve of [false, true]) {
      it(`gets no attributes of the directory that the copy has created${preserve ? ", with preserve" : ""}`, () => {
        using temp = new TempDirectory();
        const root: TargetRoot = { kind: "folder", path: temp.directory("to"), created: false };
        const writer = make().openTarget([root], { preserve, umask: 0o022, token: "test" });
        applyRecords(writer, [[enter, "new/sub"], [file, "f", "1"]]);
        const created = writer.small.takeCreated().map((each) => ({ ...each, attributes: PUBLIC }));
        writer.close();
        Deno.renameSync(temp.at("to/new"), temp.at("to/old"));
        Deno.renameSync(temp.directory("to/private", 0o700), temp.at("to/new"));
        Deno.renameSync(temp.directory("to/secret", 0o700), temp.at("to/new/sub"));
        const finisher = make().openTarget([root], { preserve, umask: 0o022, token: "test" });
        const failures = finisher.directories.finish(created);
        finisher.close();
        assertEquals(failures.map(({ code }) => code), ["ESTALE", "ESTALE"]);
        for (const path of ["to/new", "to/new/sub"]) assertEquals(Deno.statSync(temp.at(path)).mode! & 0o7777, 0o700);
      });
    }

    it("gets no permissions of a directory whose permissions the copy has extended", () => {
      using temp = new TempDirectory();
      const root: TargetRoot = { kind: "folder", path: temp.directory("to"), created: false };
      const { dev, ino } = Deno.statSync(temp.directory("to/open"));
      const extended = { root: 0, path: "open", created: false, mode: 0o755, identity: { dev, inode: ino! } };
      Deno.renameSync(temp.at("to/open"), temp.at("to/old"));
      temp.directory("to/open", 0o700);
      const writer = make().openTarget([root], { preserve: false, umask: 0o022, token: "test" });
      assertEquals(writer.directories.finish([extended]).map(({ code }) => code), ["ESTALE"]);
      writer.close();
      assertEquals(Deno.statSync(temp.at("to/open")).mode! & 0o7777, 0o700);
    });
  });
}

describeWithScene(`a file in a directory of another user${isRoot ? "" : " (skipped: not root)"}`, {
  ignore: !isRoot,
  inProcess: true,
}, (scene) => {
  for (const engine of NAMED) {
    const variant = { direction: "local", engine, streams: 1 } as const;

    it(`is sent again instead of changing its owner (${engine})`, async () => {
      const time = new Date(1_000_000_000_000);
      const tree = await scene.tree({
        "from/moved": { content: "public", mode: 0o644, mtime: time },
        "from/own": { content: "public", mode: 0o644, mtime: time },
        "to/moved": { content: "secret", mode: 0o600, mtime: time },
        "to/own": { content: "mine!!", mode: 0o600, mtime: time },
      });
      for (const path of ["from/moved", "from/own", "to", "to/own"]) changeOwner(`${tree}/${path}`, OTHER_USER);
      const secret = Deno.openSync(`${tree}/to/moved`);
      try {
        const copy = { flags: ["-a", "-u"], sources: [`${tree}/from/.`], target: `${tree}/to` };
        const { code, stderr } = await scene.copy(variant, copy);
        assertEquals([code, stderr], [0, ""]);
        assertEquals(Deno.readTextFileSync(`${tree}/to/moved`), "public");
        // A file of the user who owns the directory keeps its contents, as with equal times anywhere.
        assertEquals(Deno.readTextFileSync(`${tree}/to/own`), "mine!!");
        const { uid, mode } = secret.statSync();
        assertEquals([uid, mode! & 0o7777], [0, 0o600]);
        for (const path of ["moved", "own"]) {
          const { uid, mode } = Deno.statSync(`${tree}/to/${path}`);
          assertEquals([uid, mode! & 0o7777], [OTHER_USER, 0o644]);
        }
      } finally {
        secret.close();
      }
    });

    it(`is not linked to with --link-dest (${engine})`, async () => {
      const time = new Date(1_000_000_000_000);
      const tree = await scene.tree({
        "from/planted": { content: "good", mtime: time },
        "from/own": { content: "good", mtime: time },
        "before/planted": { content: "evil", mtime: time },
        "before/own": { content: "good", mtime: time },
      });
      changeOwner(`${tree}/before/planted`, OTHER_USER);
      Deno.chmodSync(`${tree}/before`, 0o1777);
      const flags = ["-r", "-u", "--link-dest", `${tree}/before`];
      const copy = { flags, sources: [`${tree}/from/.`], target: `${tree}/to` };
      const { code, stderr } = await scene.copy(variant, copy);
      assertEquals([code, stderr], [0, ""]);
      assertEquals(Deno.readTextFileSync(`${tree}/to/planted`), "good");
      assertEquals(Deno.statSync(`${tree}/to/planted`).nlink, 1);
      assertEquals(Deno.statSync(`${tree}/to/own`).nlink, 2);
    });
  }
});
