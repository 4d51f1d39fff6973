import { assert, assertEquals, assertMatch } from "@std/assert";
import { afterAll, beforeAll, it } from "@std/testing/bdd";
import { compareTrees } from "../support/files/compare_trees.ts";
import { startEscp } from "../support/escp/escp_command.ts";
import { untilBegun } from "../support/escp/interruptions.ts";
import { listNames } from "../support/files/list_names.ts";
import { describeWithNetworks } from "../support/hosts/network.ts";
import { type Pair, startPair } from "../support/hosts/network_pair.ts";
import { receiversOf, waitForNoProcess } from "../support/processes.ts";
import { createTempTree } from "../support/files/temp_tree.ts";
import { temporaryFiles } from "../support/escp/temporary_files.ts";

/** Timeout of both ends, in seconds. */
const TIMEOUT = 2;
const SLOW = ["-l", "16000", "--retries", "0", "--timeout", `${TIMEOUT}`];

describeWithNetworks("a cable that is disconnected during a copy", () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await startPair([]);
  });
  afterAll(() => pair[Symbol.asyncDispose]());

  for (const direction of ["push", "pull"] as const) {
    it(`ends both ends in time, and the same command resumes later: ${direction}`, async () => {
      await using tree = await createTempTree({
        "from/large": { size: 8 << 20, mtime: new Date("2001-02-03T04:05:06Z") },
        "to": { directory: true },
      });
      const [from, to] = [`${tree.path}/from/.`, `${tree.path}/to`];
      const operands = direction === "push" ? [from, `testhost:${to}`] : [`testhost:${from}`, to];
      const args = [...pair.sshd.sshOptions, "-r", ...SLOW, ...operands];
      await using running = await startEscp(args, { namespace: pair.network.namespace("client") });
      await untilBegun(to, running);
      assertEquals((await receiversOf(pair.sshd)).length > 0, true);
      await pair.network.ip("client", "link set cable0 down");
      try {
        const { code, stderr, leftBehind } = await running.result;
        assertEquals(code, 1, stderr);
        assertMatch(stderr, /^escp: Cannot continue: .*(no message for 2 s|no progress for 2000 ms)/m);
        assertEquals(await leftBehind(), []);
        // ssh on the server cannot detect the loss, but escp does.
        await waitForNoProcess(() => receiversOf(pair.sshd), 20_000);
        assert(!listNames(to).includes("large"));
      } finally {
        await pair.network.ip("client", "link set cable0 up");
      }
      await pair.sshd.waitForNoSession(20_000);
      const { code, stderr } = await pair.run(operands);
      assertEquals([code, stderr], [0, ""]);
      assertEquals(await compareTrees(`${tree.path}/from`, to), []);
      assertEquals(temporaryFiles(to), []);
    });
  }
});
