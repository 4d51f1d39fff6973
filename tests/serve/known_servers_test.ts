import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { UserError } from "../../src/errors.ts";
import { formatFingerprint } from "../../src/serve/fingerprint.ts";
import {
  addKnownServer,
  changedServer,
  judgeServer,
  parseKnownServers,
  readKnownServers,
} from "../../src/serve/known_servers.ts";
import { createTempDirectory } from "../support/files/temp.ts";

const ONE = formatFingerprint(new Uint8Array(32).fill(1));
const TWO = formatFingerprint(new Uint8Array(32).fill(2));
const SERVER = { host: "web1", port: 7523 };
const windows = Deno.build.os === "windows";

describe("the file of known servers", () => {
  it("is parsed with comments, empty lines, tabs and carriage returns", () => {
    const text = `\ufeff# servers\r\n\n  web1:7523\t${ONE} \r\n[2001:DB8:0::1]:80 ${TWO}\nWEB2:1 ${TWO}`;
    assertEquals(parseKnownServers(text, "f"), [
      { address: "web1:7523", fingerprint: ONE, line: 3 },
      { address: "[2001:db8::1]:80", fingerprint: TWO, line: 4 },
      { address: "web2:1", fingerprint: TWO, line: 5 },
    ]);
    assertEquals(parseKnownServers("", "f"), []);
  });

  it("with an invalid line is refused with the number of the line", () => {
    const lines = [
      "web1:7523",
      `web1 ${ONE}`,
      `web1:0 ${ONE}`,
      `web1:65536 ${ONE}`,
      `::1:7523 ${ONE}`,
      `web1:7523 ${ONE} comment`,
      `web1:7523 ${ONE}=`,
      `web1:7523 ${ONE.slice(0, -1)}`,
      // The last character has bits beyond 256.
      `web1:7523 ${ONE.slice(0, -1)}B`,
      `web1:7523 MD5:${ONE.slice(7)}`,
    ];
    for (const line of lines) {
      const parse = () => parseKnownServers(`web2:1 ${TWO}\n${line}\n`, "known");
      assertThrows(parse, UserError, 'Cannot read "known": line 2 is invalid', line);
    }
  });

  it("decides between known, unknown and changed", () => {
    const servers = parseKnownServers(`web1:7523 ${ONE}\nweb2:7523 ${TWO}\nweb1:1 ${TWO}\nweb2:7523 ${ONE}\n`, "f");
    assertEquals(judgeServer(servers, SERVER, ONE), { state: "known" });
    assertEquals(judgeServer(servers, { host: "WEB1", port: 7523 }, ONE), { state: "known" });
    assertEquals(judgeServer(servers, { host: "web2", port: 7523 }, ONE), { state: "known" });
    assertEquals(judgeServer(servers, SERVER, TWO), { state: "changed", servers: [servers[0]] });
    assertEquals(judgeServer(servers, { host: "web1", port: 2 }, ONE), { state: "unknown" });
    assertEquals(judgeServer(servers, { host: "web", port: 7523 }, ONE), { state: "unknown" });
  });

  it("does not exist until a server is added, then only its user may read it", async () => {
    await using directory = await createTempDirectory();
    const path = `${directory.path}/config/escp/known_servers`;
    assertEquals(readKnownServers(path), []);
    await addKnownServer(path, SERVER, ONE);
    await addKnownServer(path, { host: "::1", port: 1 }, TWO);
    await addKnownServer(path, SERVER, ONE);
    assertEquals(await Deno.readTextFile(path), `web1:7523 ${ONE}\n[::1]:1 ${TWO}\n`);
    if (windows) return;
    assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
    assertEquals((await Deno.stat(`${directory.path}/config/escp`)).mode! & 0o777, 0o700);
  });

  it("keeps a last line without a line break", async () => {
    await using directory = await createTempDirectory();
    const path = `${directory.path}/known_servers`;
    await Deno.writeTextFile(path, `web2:7523 ${TWO}`);
    await addKnownServer(path, SERVER, ONE);
    assertEquals(readKnownServers(path).map(({ address }) => address), ["web2:7523", "web1:7523"]);
  });

  it("keeps the lines of concurrent writers, each once", async () => {
    await using directory = await createTempDirectory();
    const path = `${directory.path}/known_servers`;
    const ports = Array.from({ length: 40 }, (_, index) => 1 + index % 20);
    await Promise.all(ports.map((port) => addKnownServer(path, { host: "web1", port }, ONE)));
    const addresses = readKnownServers(path).map(({ address }) => address);
    assertEquals(addresses.toSorted(), Array.from({ length: 20 }, (_, index) => `web1:${1 + index}`).toSorted());
  });

  it("gets one of two certificates that are added at the same time", async () => {
    await using directory = await createTempDirectory();
    const path = `${directory.path}/known_servers`;
    const added = await Promise.allSettled([ONE, TWO].map((each) => addKnownServer(path, SERVER, each)));
    assertEquals(added.filter(({ status }) => status === "fulfilled").length, 1);
    assertEquals(readKnownServers(path).length, 1);
  });

  it("refuses another certificate with the line and the way to remove it", async () => {
    await using directory = await createTempDirectory();
    const path = `${directory.path}/known_servers`;
    await Deno.writeTextFile(path, `# servers\nweb1:7523 ${ONE}\n`);
    const error = await assertRejects(() => addKnownServer(path, SERVER, TWO), UserError, "has changed");
    for (const part of ["web1:7523", TWO, path, "(line 2)"]) assert(error.message.includes(part), part);
    assert(error.hint?.includes(`remove line 2 of "${path}"`));
    assertEquals(error.host, "web1");
    const several = parseKnownServers(`web1:7523 ${ONE}\nweb1:7523 ${TWO}\n`, path);
    assert(changedServer(path, SERVER, TWO, several).message.includes("(lines 1, 2)"));
  });

  it("refuses to add what it could not parse", async () => {
    await using directory = await createTempDirectory();
    const path = `${directory.path}/known_servers`;
    for (
      const server of [{ host: "a b", port: 1 }, { host: "", port: 1 }, { host: "a\nb", port: 1 }, {
        host: "a",
        port: 0,
      }]
    ) {
      await assertRejects(() => addKnownServer(path, server, ONE), RangeError);
    }
    await assertRejects(() => addKnownServer(path, SERVER, `${ONE}\n`), RangeError);
  });

  it("reports that it cannot be written", { ignore: windows }, async () => {
    await using directory = await createTempDirectory();
    await Deno.writeTextFile(`${directory.path}/file`, "");
    const path = `${directory.path}/file/known_servers`;
    await assertRejects(() => addKnownServer(path, SERVER, ONE), UserError, `Cannot write "${path}": `);
  });
});
