import { assert, assertEquals, assertMatch } from "@std/assert";
import { existsSync } from "@std/fs/exists";
import { it } from "@std/testing/bdd";
import { escpCommand } from "../../support/escp/escp_command.ts";
import {
  type HostWithoutEscp,
  namesIfPresent,
  releaseOfSuite,
  writeRelease,
} from "../../support/escp/host_without_escp.ts";
import { describeWithSshd } from "../../support/hosts/needs_sshd.ts";
import { PrintedText } from "../../support/escp/printed_text.ts";
import { onTerminal, terminalProblem } from "../../support/escp/terminal.ts";
import { turn } from "../../support/escp/interruptions.ts";
import { writeScript } from "../../support/shell_script.ts";
import { createTempDirectory } from "../../support/files/temp.ts";

const ignore = terminalProblem !== undefined;
const why = ignore ? ` (skipped: ${terminalProblem})` : "";

describeWithSshd(`the installation of escp from a terminal${why}`, { ignore }, () => {
  const release = releaseOfSuite();
  const { withHost } = release;

  /** Copies like `push`, on a terminal. */
  function pushOnTerminal({ sshd, directory }: HostWithoutEscp, ...flags: string[]) {
    const args = [...sshd.sshOptions, "--binaries", release.path, ...flags, `${directory}/a`, "testhost:b"];
    const [program, ...words] = onTerminal([...escpCommand(), ...args]);
    const child = new Deno.Command(program, {
      args: words,
      stdin: "piped",
      stdout: "piped",
      env: { TERM: "xterm", XDG_CACHE_HOME: `${directory}/cache` },
    }).spawn();
    const writer = child.stdin.getWriter();
    const screen = new PrintedText(child.stdout);
    return {
      screen,
      type: (text: string) => writer.write(new TextEncoder().encode(text)),
      async end() {
        const [{ code }] = await Promise.all([child.status, screen.ended]);
        await writer.close().catch(() => {});
        return { code, text: screen.text };
      },
    };
  }

  it("shows the progress of the upload", async () => {
    await withHost({}, async (host) => {
      await using large = await createTempDirectory();
      await writeRelease(large.path, 32 << 20);
      const proceed = `${host.sshd.home}/proceed`;
      const slow = `head -c 1000; until [ -e '${proceed}' ]; do sleep 0.1; done; exec cat`;
      await writeScript(`${host.sshd.binDirectory}/gzip`, `{ ${slow}; } | /usr/bin/gzip "$@"`);
      // The check of the complete upload waits too.
      const check = `until [ -e '${proceed}-2' ]; do sleep 0.1; done; exec /bin/chmod "$@"`;
      await writeScript(`${host.sshd.binDirectory}/chmod`, check);
      const { screen, end } = pushOnTerminal(host, "--binaries", large.path, "--bootstrap=always");
      await screen.waitFor(/\rescp [0-9.]+ to testhost +\d+% .* of 32\.0 MiB/);
      await Deno.writeTextFile(proceed, "");
      // 100% is never shown as stalled.
      await screen.waitFor(/\rescp [0-9.]+ to testhost +100% .* of 32\.0 MiB/);
      await Deno.writeTextFile(`${proceed}-2`, "");
      const { code, text } = await end();
      assertEquals(code, 0, text);
    });
  });

  it("ends the run if the answer is Ctrl-C", async () => {
    await withHost({}, async (host) => {
      const { screen, type, end } = pushOnTerminal(host);
      await screen.waitFor(/\[Y\/n\] $/);
      await type("\x03");
      const { code, text } = await end();
      assertEquals(code, 130, text);
      assertMatch(text, /\[Y\/n\] (\^C)?\r\n\r.\[Kescp: Interrupted\r\n$/, "nothing can be resumed yet");
      assertEquals(namesIfPresent(host.installed), undefined);
      await host.sshd.waitForNoSession();
    });
  });

  it("asks first, unless with -B", async () => {
    await withHost({}, async (host) => {
      const { installed } = host;
      /** Answers the questions one after the other. */
      const answer = async (texts: string[], ...flags: string[]) => {
        const { screen, type, end } = pushOnTerminal(host, ...flags);
        for (const [index, text] of texts.entries()) {
          await screen.waitFor(new RegExp(`(\\[Y/n\\] [^]*){${index + 1}}`));
          await type(text);
        }
        return await end();
      };
      const declined = await answer(["what\n", "yn\n", "n\n"]);
      assertMatch(
        declined.text,
        /^note: ssh logs in to testhost again, to find or install a compatible escp$/m,
      );
      assert(!declined.text.includes("not installed on"), declined.text);
      assertMatch(declined.text, /Install escp [0-9.]+ \([0-9.]+ (B|KiB)\) into \/.* on testhost\? \[Y\/n\] /);
      assertEquals(declined.text.match(/\[Y\/n\]/g)?.length, 3, declined.text);
      assertEquals(declined.code, 255, declined.text);
      assertMatch(declined.text, /it is not installed there .*, and you declined to install it/);
      assertEquals(namesIfPresent(installed), undefined);
      const batch = await answer([], "-B", "-q");
      assertMatch(batch.text, /^note: installing escp [0-9.]+ .* on testhost, which lacks a compatible version\r\n$/);
      assertEquals(namesIfPresent(installed), ["escp"]);
      await Deno.remove(installed, { recursive: true });
      const agreed = await answer(["\n"]);
      assertEquals(agreed.code, 0, agreed.text);
      assertEquals(namesIfPresent(installed), ["escp"]);
    });
  });

  it("discards what was typed before the question", async () => {
    await withHost({}, async (host) => {
      const asked = `${host.sshd.home}/asked`;
      const proceed = `${host.sshd.home}/proceed`;
      // The first program of the installation waits until the answer is in the terminal.
      await writeScript(
        `${host.sshd.binDirectory}/uname`,
        `: >'${asked}'; until [ -e '${proceed}' ]; do sleep 0.1; done; exec /usr/bin/uname "$@"`,
      );
      const { screen, type, end } = pushOnTerminal(host);
      while (!existsSync(asked)) await turn();
      await type("typed ahead\nn\n");
      // The terminal echoes what it has received.
      await screen.waitFor(/typed ahead\r\nn\r\n/);
      await Deno.writeTextFile(proceed, "");
      await screen.waitFor(/\[Y\/n\] $/);
      await type("y\n");
      const { code, text } = await end();
      assertEquals(code, 0, text);
      assertEquals(text.match(/\[Y\/n\]/g)?.length, 1, text);
    });
  });
});
