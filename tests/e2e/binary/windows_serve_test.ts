/** Sessions without ssh of the executable for Windows, run by Wine, with the executable for Linux. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { exists } from "@std/fs/exists";
import { afterAll, beforeAll, describe, it } from "@std/testing/bdd";
import { type EscpResult, runEscp, type RunningEscp, startEscp } from "../../support/escp/escp_command.ts";
import { compareTrees } from "../../support/files/compare_trees.ts";
import { listNames } from "../../support/files/list_names.ts";
import { createTempDirectory } from "../../support/files/temp.ts";
import { writeTree } from "../../support/files/temp_tree.ts";
import { type ClientKey, createKey } from "../../support/hosts/client_key.ts";
import { type Serving, startServing } from "../../support/hosts/serving.ts";
import { startAgent } from "../../support/hosts/ssh_agent.ts";
import { startWineEscp, type WineEscp, wineProblem } from "../../support/wine/wine.ts";

/** Limit that only catches hangs, also on a busy machine. */
const LIMIT_MS = 900_000;
const SILENCE = ["--timeout", "600"];
const TREE = { "small": "small", "directory/large": { size: 5 << 20, seed: 7 }, "directory/empty": "" };

const problem = await wineProblem();
const why = problem ? ` (skipped: ${problem})` : "";

/** Returns the path on this machine of the profile of the only user of Windows. */
function profileOf({ drive }: WineEscp): string {
  const name = listNames(`${drive}/users`).find((name) => name !== "Public")!;
  return `${drive}/users/${name}`;
}

describe(`the executable for Windows, by Wine, without ssh${why}`, { ignore: problem !== undefined }, () => {
  let wine: WineEscp;
  let key: ClientKey;

  beforeAll(async () => {
    wine = await startWineEscp();
    key = await createKey();
    await writeTree(wine.drive, { "work/key": key.file, "work/tree": { directory: true } });
    await writeTree(`${wine.drive}/work/tree`, TREE);
  });
  afterAll(() => wine?.[Symbol.asyncDispose]());

  const run = (...args: string[]) => runWith({}, ...args);
  const runWith = async (env: Record<string, string>, ...args: string[]): Promise<EscpResult> => {
    const options = { command: wine.command, cwd: `${wine.drive}/work`, timeoutMs: LIMIT_MS, env };
    const result = await runEscp([...SILENCE, ...args], options);
    // Wine 8 prints this if two threads of a process end at once.
    return { ...result, stderr: result.stderr.replace(/^wine client error.*\n/gm, "") };
  };

  describe("as a client", () => {
    let serving: Serving;
    const knownServers = () => `${profileOf(wine)}/AppData/Roaming/escp/known_servers`;

    beforeAll(async () => {
      serving = await startServing({ isTrusted: false });
      const keys = `${serving.serverHome}/.config/escp/authorized_keys`;
      await Deno.writeTextFile(keys, `${key.line} windows\n`, { mode: 0o600 });
    });
    afterAll(() => serving?.[Symbol.asyncDispose]());

    it("trusts a server after --accept-new, and copies in both directions with the key of -i", async () => {
      const unknown = await run("-i", "C:\\work\\key", "-r", "tree", serving.url("pushed"));
      assertEquals(unknown.code, 255);
      assertStringIncludes(unknown.stderr, "it is unknown, and its certificate is SHA256:");
      const pushed = await run("--accept-new", "-i", "C:\\work\\key", "-r", "tree", serving.url("pushed"));
      assertEquals({ code: pushed.code, stderr: pushed.stderr }, { code: 0, stderr: "" });
      assertEquals(await compareTrees(`${wine.drive}/work/tree`, `${serving.root}/pushed`, { modes: false }), []);
      assertMatch(await Deno.readTextFile(knownServers()), /^127\.0\.0\.1:\d+ SHA256:\S{43}\n$/);
      const pulled = await run("-i", "key", "-r", serving.url("pushed"), "C:\\work\\fetched");
      assertEquals({ code: pulled.code, stderr: pulled.stderr }, { code: 0, stderr: "" });
      assertEquals(
        await compareTrees(`${wine.drive}/work/tree`, `${wine.drive}/work/fetched`, { modes: false }),
        [],
      );
    });

    it("sends its data through the port of the server", async () => {
      const result = await run("-v", "--tunnel=always", "-i", "key", "-r", "tree", serving.url("through"));
      assertEquals(result.code, 0, result.stderr);
      assertStringIncludes(result.stderr, `data goes to 127.0.0.1:${serving.port}`);
      assertEquals(await compareTrees(`${wine.drive}/work/tree`, `${serving.root}/through`, { modes: false }), []);
    });

    it("without a key is refused, and uses that of the profile and of the agent", async () => {
      const refused = await run("small", serving.url("refused"));
      assertEquals(refused.code, 255);
      assertStringIncludes(refused.stderr, "it does not accept a client without a key");
      await writeTree(`${wine.drive}/work`, { small: "small" });
      await writeTree(profileOf(wine), { ".ssh/id_ed25519": key.file });
      const accepted = await run("small", serving.url("profile"));
      assertEquals({ code: accepted.code, stderr: accepted.stderr }, { code: 0, stderr: "" });
      await Deno.remove(`${profileOf(wine)}/.ssh`, { recursive: true });

      await using directory = await createTempDirectory();
      await using agent = await startAgent(directory.path);
      await Deno.writeTextFile(`${directory.path}/key`, key.file, { mode: 0o600 });
      await agent.add([`${directory.path}/key`]);
      await using _pipe = await wine.startAgentPipe(agent.path);
      const signed = await run("small", serving.url("agent"));
      assertEquals({ code: signed.code, stderr: signed.stderr }, { code: 0, stderr: "" });
    });

    it("copies with a one-time URL from the environment", async () => {
      await using once = await startServing({ args: ["--once"], isTrusted: false });
      const [, url, secret] = /^(.*#k=)(\S+)\n$/.exec(once.output)!;
      const result = await runWith({ ESCP_ONCE_KEY: secret }, "-r", "tree", url.replace("#", "copy#"));
      assertEquals({ code: result.code, stderr: result.stderr }, { code: 0, stderr: "" });
      assertEquals(await compareTrees(`${wine.drive}/work/tree`, `${once.root}/copy`, { modes: false }), []);
      assertEquals((await once.server.result).code, 0);
    });

    it("refuses a server whose certificate has changed", async () => {
      const before = await Deno.readTextFile(knownServers());
      await Deno.writeTextFile(knownServers(), before.replace(/SHA256:\S{43}/, `SHA256:${"A".repeat(43)}`));
      const result = await run("-i", "key", "-r", "tree", serving.url("changed"));
      await Deno.writeTextFile(knownServers(), before);
      assert(result.code !== 0);
      assertStringIncludes(result.stderr, "certificate has changed");
      assertStringIncludes(result.stderr, "AppData\\Roaming\\escp\\known_servers");
      assertEquals(await exists(`${serving.root}/changed`), false);
    });
  });

  describe("as a server", () => {
    /** A server of Windows whose client is this machine. */
    interface WindowsServer extends AsyncDisposable {
      readonly server: RunningEscp;
      /** Directory of this machine that the server confines its sessions to. */
      readonly root: string;
      readonly work: string;
      url(path: string): string;
      run(...args: string[]): Promise<EscpResult>;
    }

    async function serve(...args: string[]): Promise<WindowsServer> {
      await using stack = new AsyncDisposableStack();
      const home = stack.use(await createTempDirectory()).path;
      const [root, work] = [`${wine.drive}/served`, `${home}/work`];
      await Deno.remove(root, { recursive: true }).catch(() => {});
      await writeTree(wine.drive, { "served/": { directory: true }, "keys/authorized": `${key.line} linux\n` });
      await writeTree(home, { "work/": { directory: true }, ".ssh/id_ed25519": key.file });
      await Deno.chmod(`${home}/.ssh/id_ed25519`, 0o600);
      const server = stack.use(
        await startEscp(["--serve", "--listen", "127.0.0.1:0", "--root", "C:\\served", ...args], {
          command: wine.command,
          timeoutMs: LIMIT_MS,
        }),
      );
      await server.waitForText("stderr", /serving C:\\served at \S+:\d+, certificate/);
      const port = /at \S+:(\d+), certificate/.exec(server.printed.stderr)![1];
      const env = { HOME: home, DENO_TLS_CA_STORE: undefined, DENO_CERT: undefined, NODE_EXTRA_CA_CERTS: undefined };
      const running = stack.move();
      return {
        server,
        root,
        work,
        url: (path) => `escps://127.0.0.1:${port}/${path}`,
        run: (...words) => runEscp([...SILENCE, "--accept-new", ...words], { cwd: work, env, timeoutMs: LIMIT_MS }),
        [Symbol.asyncDispose]: () => running.disposeAsync(),
      };
    }

    it("receives and sends", async () => {
      await using windows = await serve("--authorized-keys", "C:\\keys\\authorized");
      await writeTree(`${windows.work}/tree`, TREE);
      const pushed = await windows.run("-r", "tree", windows.url("pushed"));
      assertEquals({ code: pushed.code, stderr: pushed.stderr }, { code: 0, stderr: "" });
      assertEquals(await compareTrees(`${windows.work}/tree`, `${windows.root}/pushed`, { modes: false }), []);
      const pulled = await windows.run("-r", windows.url("pushed\\directory"), windows.url("*"), "fetched");
      assertEquals(pulled.code, 1, pulled.stderr);
      const again = await windows.run("-r", windows.url("pushed"), "again");
      assertEquals({ code: again.code, stderr: again.stderr }, { code: 0, stderr: "" });
      assertEquals(await compareTrees(`${windows.work}/tree`, `${windows.work}/again`, { modes: false }), []);
    });

    it("does not give access to files outside of its root", async () => {
      await using windows = await serve("--authorized-keys", "C:\\keys\\authorized", "--one-port");
      await writeTree(windows.work, { file: "text" });
      const outside = [
        "../keys/authorized",
        "..\\keys\\authorized",
        "x\\..\\..\\keys\\authorized",
        "C:\\keys\\authorized",
        "c:/keys/authorized",
        "C:..\\keys\\authorized",
        "\\keys\\authorized",
        "\\\\?\\C:\\keys\\authorized",
        "\\\\.\\C:\\keys\\authorized",
        "\\\\127.0.0.1\\c$\\keys\\authorized",
      ].map((path) => encodeURIComponent(path));
      for (const path of outside) {
        const pulled = await windows.run(windows.url(path), "stolen");
        assertEquals(pulled.code, 1, `${path}: ${pulled.stderr}`);
        assertEquals(await exists(`${windows.work}/stolen`), false, path);
        const pushed = await windows.run("file", windows.url(path));
        assertEquals(pushed.code, 1, `${path}: ${pushed.stderr}`);
      }
      for (const name of ["NUL", "con.txt", "ab:c", "file::$DATA", "dot.", "COM1"]) {
        const pushed = await windows.run("file", windows.url(encodeURIComponent(name)));
        assertEquals(pushed.code, 1, `${name}: ${pushed.stderr}`);
        assertStringIncludes(pushed.stderr, ": Windows ");
        const pulled = await windows.run(windows.url(encodeURIComponent(name)), "stolen");
        assertEquals(pulled.code, 1, `${name}: ${pulled.stderr}`);
      }
      assertEquals(listNames(windows.root), []);
      assertEquals(await Deno.readTextFile(`${wine.drive}/keys/authorized`), `${key.line} linux\n`);
    });

    it("serves one session by a URL, and ends", async () => {
      await using windows = await serve("--once", "--allow=push");
      await windows.server.waitForText("stdout", /\n/);
      await writeTree(windows.work, { file: "text" });
      const result = await windows.run("file", windows.server.printed.stdout.trimEnd());
      assertEquals({ code: result.code, stderr: result.stderr }, { code: 0, stderr: "" });
      assertEquals(await Deno.readTextFile(`${windows.root}/file`), "text");
      assertEquals((await windows.server.result).code, 0);
    });

    it("refuses a root that contains its keys", async () => {
      const args = [
        "--serve",
        "--listen",
        "127.0.0.1:0",
        "--root",
        "C:\\",
        "--authorized-keys",
        "C:\\keys\\authorized",
      ];
      const { code, stderr } = await run(...args);
      assertEquals(code, 1, stderr);
    });
  });
});
