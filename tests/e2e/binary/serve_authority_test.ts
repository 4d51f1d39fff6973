/** Sessions without ssh with a server whose certificate is of an authority: `--ca` and `--certificate`. Real processes. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { afterAll, beforeAll, describe, it } from "@std/testing/bdd";
import { escpCommand, type EscpResult, runEscp, startEscp } from "../../support/escp/escp_command.ts";
import { onTerminal, terminalProblem } from "../../support/escp/terminal.ts";
import { commandOf, descendantsOf, killProcess } from "../../support/processes.ts";
import { createTempDirectory, type TempDirectory } from "../../support/files/temp.ts";
import { compareTrees } from "../../support/files/compare_trees.ts";
import { writeTree } from "../../support/files/temp_tree.ts";
import {
  type Authority,
  type CertificateOptions,
  type Certified,
  certifyItself,
  createAuthority,
  writeCertified,
} from "../../support/hosts/authority.ts";
import { type Serving, startServing } from "../../support/hosts/serving.ts";

const ADDRESS = "127.0.0.1";
/** A client from source has the authorities of Mozilla otherwise. */
const NO_AUTHORITIES = { DENO_TLS_CA_STORE: "" };

const NO_TERMINAL = terminalProblem === undefined ? "" : ` (skipped: ${terminalProblem})`;

describe("a certificate of an authority", () => {
  let directory: TempDirectory;
  let authority: Authority;
  /** Path of the authority's certificate. */
  let ca: string;

  beforeAll(async () => {
    directory = await createTempDirectory();
    authority = await createAuthority();
    ca = `${directory.path}/ca.pem`;
    await Deno.writeTextFile(ca, authority.pem);
  });
  afterAll(() => directory[Symbol.asyncDispose]());

  /** Starts a server with a certificate. Its clients know no server by its fingerprint. */
  async function serveWith(
    certified: Certified,
    args: readonly string[] = [],
  ): Promise<Serving & { certifiedIn: string }> {
    const path = await Deno.makeTempDir({ dir: directory.path });
    const files = await writeCertified(path, certified);
    const serving = await startServing({ args: [...files, ...args], isTrusted: false });
    await writeTree(serving.work, { file: "text" });
    return Object.assign(serving, { certifiedIn: path });
  }

  /** Copies a file to a server, as a client with --ca. */
  async function push(serving: Serving, args: readonly string[] = [], url = serving.url("file")): Promise<EscpResult> {
    return await serving.run(["--ca", ca, ...args, "file", url], { env: NO_AUTHORITIES });
  }

  /** Asserts that a client with --ca refuses a server before it logs in. */
  async function refuses(certified: Certified, reason: RegExp): Promise<void> {
    await using serving = await serveWith(certified);
    const result = await push(serving);
    assertEquals(result.code, 255, result.stderr);
    assertMatch(result.stderr, reason);
    assert(!serving.server.printed.stderr.includes("SHA256:") || !/denied|begins/.test(serving.server.printed.stderr));
    assertEquals([...Deno.readDirSync(serving.root)], []);
  }

  describe("a client with --ca", () => {
    const accepted: [string, CertificateOptions][] = [
      ["ECDSA P-256", { key: "p256" }],
      ["Ed25519", { key: "ed25519" }],
      ["RSA", { key: "rsa" }],
    ];
    for (const [name, options] of accepted) {
      it(`copies in both directions with a server whose certificate of the authority has a key of ${name}`, async () => {
        await using serving = await serveWith(await authority.certify({ names: [ADDRESS], ...options }));
        await writeTree(serving.work, { "tree/file": "text", "tree/large": { size: 3 << 20, seed: 1 } });
        const pushed = await serving.run(["--ca", ca, "-r", "tree", serving.url("tree")], { env: NO_AUTHORITIES });
        assertEquals(pushed.code, 0, pushed.stderr);
        const pulled = await serving.run(["--ca", ca, "-r", serving.url("tree"), "back"], { env: NO_AUTHORITIES });
        assertEquals(pulled.code, 0, pulled.stderr);
        assertEquals(await compareTrees(`${serving.work}/tree`, `${serving.work}/back`), []);
        assertEquals(await Deno.readTextFile(`${serving.clientHome}/.config/escp/known_servers`).catch(() => ""), "");
        assertMatch(serving.server.printed.stderr, /clients with --ca are served; the certificate is valid until 20/);
      });
    }

    it("accepts a certificate of an intermediate authority that the server sends", async () => {
      const intermediate = await authority.delegate();
      await using serving = await serveWith(await intermediate.certify({ names: [ADDRESS] }));
      assertEquals((await push(serving)).code, 0);
    });

    it("checks the name of the host, in upper or lower case, also with a wildcard", async () => {
      for (
        const [names, isRight] of [[["localhost"], true], [["LOCALHOST"], true], [["*.localhost"], false]] as const
      ) {
        await using serving = await serveWith(await authority.certify({ names }));
        const result = await push(serving, [], `escps://localhost:${serving.port}/file`);
        assertEquals(result.code === 0, isRight, `${names}: ${result.stderr}`);
      }
    });

    it("finds several authorities in the file, and --one-port and retries work", async () => {
      const both = `${directory.path}/both.pem`;
      await Deno.writeTextFile(both, (await createAuthority("Other")).pem + authority.pem);
      await using serving = await serveWith(await authority.certify({ names: [ADDRESS] }), ["--one-port"]);
      assertEquals((await push(serving, ["--ca", both])).code, 0);
    });

    it("takes the file from an entry for the host in the configuration", async () => {
      await using serving = await serveWith(await authority.certify({ names: [ADDRESS] }));
      const config = `${serving.clientHome}/.config/escp/config.yaml`;
      await Deno.writeTextFile(config, `hosts:\n  "127.0.0.1":\n    ca: ${ca}\n`);
      const result = await serving.run(["file", serving.url("file")], { env: NO_AUTHORITIES });
      assertEquals(result.code, 0, result.stderr);
    });

    it("copies between two servers, each with a certificate of the authority", async () => {
      await using one = await serveWith(await authority.certify({ names: [ADDRESS] }));
      await using other = await serveWith(await authority.certify({ names: [ADDRESS] }));
      const keys = ".config/escp/authorized_keys";
      await Deno.copyFile(`${one.serverHome}/${keys}`, `${other.serverHome}/${keys}`);
      await writeTree(one.root, { remote: "text" });
      const result = await one.run(["--ca", ca, one.url("remote"), other.url("relayed")], { env: NO_AUTHORITIES });
      assertEquals(result.code, 0, result.stderr);
      assertEquals(await Deno.readTextFile(`${other.root}/relayed`), "text");
    });

    it("refuses a certificate of another authority", async () => {
      const other = await createAuthority();
      await refuses(
        await other.certify({ names: [ADDRESS] }),
        /is self-signed, or of an authority that is not in ".*ca\.pem"/,
      );
    });

    const variables: [string, (path: string) => Record<string, string>][] = [
      ["DENO_TLS_CA_STORE=system", (path) => ({ DENO_TLS_CA_STORE: "system", SSL_CERT_FILE: path })],
      ["DENO_CERT", (path) => ({ DENO_CERT: path })],
      ["NODE_EXTRA_CA_CERTS", (path) => ({ NODE_EXTRA_CA_CERTS: path })],
    ];
    for (const [name, env] of variables) {
      it(`refuses a certificate of an authority that only ${name} trusts`, async () => {
        const other = await createAuthority("Other");
        const path = `${directory.path}/other.pem`;
        await Deno.writeTextFile(path, other.pem);
        await using serving = await serveWith(await other.certify({ names: [ADDRESS] }));
        const options = { env: { ...NO_AUTHORITIES, ...env(path) } };
        const result = await serving.run(["--ca", ca, "file", serving.url("file")], options);
        assertEquals(result.code === 0, false);
        // From source, Deno has read the variable before escp starts.
        const reason = Deno.env.has("ESCP_BINARY") ? "of an authority that is not in" : "could forge it";
        assertStringIncludes(result.stderr, reason);
        // With the other authority's file, the same server is accepted.
        const accepted = await serving.run(["--ca", path, "file", serving.url("file")], { env: NO_AUTHORITIES });
        assertEquals(accepted.code, 0, accepted.stderr);
      });
    }

    it("refuses a self-signed certificate", async () => {
      await refuses(await certifyItself({ names: [ADDRESS] }), /is self-signed, or of an authority that is not in/);
    });

    it("refuses a certificate for other names, and one whose name is only its common name", async () => {
      const reason = /Cannot trust escps:\/\/127\.0\.0\.1:\d+: its certificate is not for 127\.0\.0\.1/;
      await refuses(await authority.certify({ names: ["other.example", "127.0.0.2"] }), reason);
      await refuses(await authority.certify({ names: [], commonName: ADDRESS }), reason);
      await using serving = await serveWith(await authority.certify({ names: [], commonName: "localhost" }));
      const named = await push(serving, [], `escps://localhost:${serving.port}/file`);
      assertEquals(named.code, 255, named.stderr);
      assertMatch(named.stderr, /its certificate is not for localhost/);
    });

    it("refuses an expired certificate, and one that is not valid yet", async () => {
      // Deno 2.9 does not report which one it is.
      const expected = (reason: string) => new RegExp(`its certificate (${reason}|.*, or not valid now)`);
      const [day, now] = [86_400_000, Date.now()];
      const expired = { notBefore: new Date(now - 20 * day), notAfter: new Date(now - day) };
      await refuses(await authority.certify({ names: [ADDRESS], ...expired }), expected("has expired"));
      const early = { notBefore: new Date(now + day), notAfter: new Date(now + 20 * day) };
      await refuses(await authority.certify({ names: [ADDRESS], ...early }), expected("is not valid yet"));
    });

    it("refuses a server without --certificate, and names the option", async () => {
      await using serving = await startServing();
      await writeTree(serving.work, { file: "text" });
      const result = await push(serving);
      assertEquals(result.code, 255);
      assertMatch(result.stderr, /Cannot start TLS with escps:\/\/127\.0\.0\.1:\d+: /);
      assertStringIncludes(result.stderr, "--certificate");
    });

    it("gets the reason if nothing listens", async () => {
      await using serving = await serveWith(await authority.certify({ names: [ADDRESS] }));
      serving.server.kill("SIGTERM");
      await serving.server.result;
      const result = await push(serving);
      assertEquals(result.code, 255);
      assertMatch(result.stderr, /Cannot connect to escps:\/\/127\.0\.0\.1:\d+: Connection refused/);
    });

    it("without an authorized key is refused, with the keys that it tried", async () => {
      await using serving = await serveWith(await authority.certify({ names: [ADDRESS] }));
      await Deno.writeTextFile(`${serving.serverHome}/.config/escp/authorized_keys`, "# nobody\n");
      const result = await push(serving);
      assertEquals(result.code, 255);
      assertMatch(result.stderr, /it does not accept key SHA256:\S{43}/);
    });

    it("refuses a file of authorities that is missing, empty, damaged, or writable by others", async () => {
      await using serving = await serveWith(await authority.certify({ names: [ADDRESS] }));
      const path = `${directory.path}/bad.pem`;
      const attempt = async (reason: string) => {
        const result = await push(serving, ["--ca", path]);
        assertEquals(result.code, 1, result.stderr);
        assertStringIncludes(result.stderr, reason);
      };
      await attempt("No such file or directory");
      await Deno.writeTextFile(path, "text");
      await attempt("it contains no certificate");
      await Deno.writeTextFile(path, authority.pem + authority.pem.slice(0, 200));
      await attempt("a certificate in it is damaged");
      await Deno.writeTextFile(path, authority.pem);
      await Deno.chmod(path, 0o666);
      await attempt("other users may write to it");
    });

    it("cannot use a one-time URL, nor -R to a server", async () => {
      await using serving = await serveWith(await authority.certify({ names: [ADDRESS] }));
      const url = `${serving.url("x")}#k=${"A".repeat(64)}`;
      const once = await push(serving, [], url);
      assertEquals(once.code, 2);
      assertStringIncludes(once.stderr, 'Cannot use "--ca" with a one-time URL');
      assert(!once.stderr.includes("AAAA"));
      const origin = await serving.run(["--ca", ca, "-R", "host:x", serving.url("x")], { env: NO_AUTHORITIES });
      assertEquals(origin.code, 2);
      assertStringIncludes(origin.stderr, 'Cannot use "-R" with "--ca"');
    });
  });

  describe("a server with --certificate", () => {
    let serving: Serving;
    beforeAll(async () => {
      serving = await serveWith(await authority.certify({ names: [ADDRESS] }));
    });
    afterAll(() => serving[Symbol.asyncDispose]());

    it("still serves clients that know its fingerprint, by its own certificate", async () => {
      const result = await serving.run(["--accept-new", "file", serving.url("pinned")]);
      assertEquals(result.code, 0, result.stderr);
      const known = await Deno.readTextFile(`${serving.clientHome}/.config/escp/known_servers`);
      const fingerprint = /certificate (SHA256:\S{43})/.exec(serving.server.printed.stderr)![1];
      assertEquals(known, `127.0.0.1:${serving.port} ${fingerprint}\n`);
      assertEquals((await push(serving)).code, 0);
    });
  });

  describe("escp --serve after SIGHUP", { ignore: Deno.build.os === "windows" }, () => {
    /** Sends SIGHUP, and waits until a further line of the log matches. */
    async function reload({ server }: Serving, logged: RegExp): Promise<void> {
      const before = server.printed.stderr.length;
      server.kill("SIGHUP");
      await server.waitForText("stderr", new RegExp(`^[^]{${before},}${logged.source}`));
    }

    it("uses a renewed certificate for later sessions, and finishes the running one", async () => {
      await using serving = await serveWith(await authority.certify({ names: [ADDRESS] }));
      await using copy = await serving.start(["--ca", ca, "-v", "-", serving.url("running")], {
        env: NO_AUTHORITIES,
        stdin: "piped",
      });
      await copy.waitForText("stderr", /data goes to/);
      const path = serving.certifiedIn;
      await writeCertified(path, await authority.certify({ names: ["elsewhere.example"], key: "ed25519" }));
      await reload(serving, /the certificate and its key were read again\n.*valid until 20.*\n.* has 1 key\n/);
      const refused = await push(serving);
      assertEquals(refused.code, 255, refused.stderr);
      await writeCertified(path, await authority.certify({ names: [ADDRESS] }));
      await reload(serving, / has 1 key\n/);
      const accepted = await push(serving);
      assertEquals(accepted.code, 0, accepted.stderr);
      await ReadableStream.from([new TextEncoder().encode("text")]).pipeTo(copy.child.stdin);
      assertEquals((await copy.result).code, 0, copy.printed.stderr);
      serving.server.kill("SIGTERM");
      assertEquals((await serving.server.result).code, 0);
    });

    it("keeps the former certificate if the new one cannot be used", async () => {
      await using serving = await serveWith(await authority.certify({ names: [ADDRESS] }));
      const path = serving.certifiedIn;
      const other = await authority.certify({ names: [ADDRESS] });
      for (
        const [name, text, reason] of [
          ["server.key", other.privateKey, "it is not that of the first certificate"],
          ["server.pem", "text", "it is not in PEM form"],
        ]
      ) {
        await Deno.writeTextFile(`${path}/${name}`, text);
        await reload(
          serving,
          new RegExp(`Cannot use .*${reason}.*; the former certificate stays in use\n.* has 1 key\n`),
        );
        const result = await push(serving);
        assertEquals(result.code, 0, result.stderr);
      }
      await Deno.remove(`${path}/server.pem`);
      await reload(serving, /No such file or directory; the former certificate stays in use\n.* has 1 key\n/);
      assertEquals((await push(serving)).code, 0);
    });

    it("without --certificate logs the state of the file of keys, which each login reads", async () => {
      await using serving = await startServing();
      await writeTree(serving.work, { file: "text" });
      const keys = `${serving.serverHome}/.config/escp/authorized_keys`;
      const text = await Deno.readTextFile(keys);
      await Deno.writeTextFile(keys, "");
      assertEquals((await serving.run(["file", serving.url()])).code, 255);
      await reload(serving, /authorized_keys has no keys: every client will be refused until you add one\n/);
      await Deno.chmod(keys, 0o666);
      await reload(serving, /other users may write to it; every client will be refused\n/);
      await Deno.chmod(keys, 0o600);
      await Deno.writeTextFile(keys, text);
      const result = await serving.run(["file", serving.url()]);
      assertEquals(result.code, 0, result.stderr);
    });

    it(
      `on a terminal ends, because SIGHUP is its end${NO_TERMINAL}`,
      { ignore: terminalProblem !== undefined },
      async () => {
        const root = await Deno.makeTempDir({ dir: directory.path });
        const command = onTerminal([...escpCommand(), "--serve", "--listen", "127.0.0.1:0", "--root", root]);
        await using running = await startEscp([], {
          command,
          env: { HOME: await Deno.makeTempDir({ dir: directory.path }) },
        });
        await running.waitForText("stdout", /serving .* at /);
        const processes = await descendantsOf(running.pid);
        killProcess(processes.find((each) => / --serve /.test(commandOf(each)))!, "SIGHUP");
        await running.waitForText("stdout", /ending; a second signal ends at once/);
        assertEquals((await running.result).code, 0);
      },
    );

    it("with --once ends", async () => {
      await using serving = await startServing({ args: ["--once"] });
      serving.server.kill("SIGHUP");
      assertEquals((await serving.server.result).code, 0);
      assertMatch(serving.server.printed.stderr, /ending; a second signal ends at once/);
    });
  });

  describe("escp --serve refuses", () => {
    it("a certificate and a key that it cannot use, before it listens", async () => {
      const certified = await authority.certify({ names: [ADDRESS] });
      const path = await Deno.makeTempDir({ dir: directory.path });
      const root = await Deno.makeTempDir({ dir: directory.path });
      const args = await writeCertified(path, certified);
      const [chain, key] = [args[1], args[3]];
      const attempt = async (reason: string, code = 1, words = args) => {
        const result = await runEscp(["--serve", "--listen=127.0.0.1:0", "--root", root, ...words], {
          env: { HOME: path },
        });
        assertEquals(result.code, code, result.stderr);
        assertStringIncludes(result.stderr, reason);
      };
      await attempt("exclude each other", 2, [...args, "--once"]);
      await attempt('Option "--certificate" needs "--private-key"', 2, args.slice(0, 2));
      await attempt('Option "--private-key" needs "--certificate"', 2, args.slice(2));
      await attempt("No such file or directory", 1, [args[0], `${chain}.none`, ...args.slice(2)]);
      await Deno.chmod(key, 0o640);
      await attempt("other users may access it");
      await Deno.chmod(key, 0o600);
      await Deno.writeTextFile(key, (await authority.certify({ names: [ADDRESS] })).privateKey);
      await attempt("it is not that of the first certificate");
      await Deno.writeTextFile(key, "text");
      await attempt("it is not a private key in PEM form");
      await Deno.writeTextFile(key, certified.privateKey.replace("PRIVATE", "ENCRYPTED PRIVATE"));
      await attempt("it has a passphrase");
      await Deno.writeTextFile(key, certified.privateKey);
      await Deno.writeTextFile(chain, certified.certificate.slice(0, -40));
      await attempt("it is damaged");
      await Deno.writeTextFile(chain, "text");
      await attempt("it is not in PEM form");
    });

    it("a root that contains the key", async () => {
      const path = await Deno.makeTempDir({ dir: directory.path });
      const files = await writeCertified(path, await authority.certify({ names: [ADDRESS] }));
      const home = await Deno.makeTempDir({ dir: directory.path });
      const result = await runEscp(["--serve", "--listen=127.0.0.1:0", "--root", path, ...files], {
        env: { HOME: home },
      });
      assertEquals(result.code, 1, result.stderr);
      assertStringIncludes(result.stderr, "it contains the private key");
    });
  });
});
