import { assert, assertEquals, assertMatch } from "@std/assert";
import { afterAll, beforeAll, it } from "@std/testing/bdd";
import { compareTrees } from "../../support/files/compare_trees.ts";
import { startEscp } from "../../support/escp/escp_command.ts";
import { untilBegun } from "../../support/escp/interruptions.ts";
import { listNames } from "../../support/files/list_names.ts";
import { describeWithNetworks } from "../../support/hosts/network.ts";
import { type Pair, startPair } from "../../support/hosts/network_pair.ts";
import { receiversOf, waitForNoProcess } from "../../support/processes.ts";
import { createTempTree } from "../../support/files/temp_tree.ts";
import { temporaryFiles } from "../../support/escp/temporary_files.ts";

/** Timeout of both ends, in seconds. Leaves time for a login on a busy machine. */
const TIMEOUT = 4;
/** At this rate the copy does not finish before the cable is disconnected. */
const SLOW = ["-l", "8000", "--retries", "0", "--timeout", `${TIMEOUT}`];

describeWithNetworks("a cable that is disconnected during a copy", () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await startPair([]);
  });
  afterAll(() => pair[Symbol.asyncDispose]());

  for (const direction of ["push", "pull"] as const) {
    it(`ends both ends in time, and the same command resumes later: ${direction}`, async () => {
      await using tree = await createTempTree({
        "from/large": { size: 16 << 20, mtime: new Date("2001-02-03T04:05:06Z") },
        "to": { directory: true },
      });
      const [from, to] = [`${tree.path}/from/.`, `${tree.path}/to`];
      const operands = direction === "push" ? [from, `testhost:${to}`] : [`testhost:${from}`, to];
      const args = [...pair.sshd.sshOptions, "-r", ...SLOW, ...operands];
      await using running = await startEscp(args, { namespace: pair.network.namespace("client") });
      await untilBegun(to, running);
      assert((await receiversOf(pair.sshd)).length > 0);
      await pair.network.ip("client", "link set cable0 down");
      try {
        const { code, stderr, leftBehind } = await running.result;
        assertEquals(code, 1, stderr);
        const reasons = `no message for ${TIMEOUT} s|no progress for ${TIMEOUT}000 ms`;
        assertMatch(stderr, new RegExp(`^escp: Cannot continue: .*(${reasons})`, "m"));
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
