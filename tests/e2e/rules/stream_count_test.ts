import { assert, assertEquals, assertMatch } from "@std/assert";
import { beforeAll, it } from "@std/testing/bdd";
import { streamsForRtt, USUAL_STREAMS } from "../../../src/session/model/stream_count.ts";
import { startSlowLink } from "../../../scripts/bench/slow_link.ts";
import { compareTrees } from "../../support/files/compare_trees.ts";
import { type EscpResult, runEscp } from "../../support/escp/escp_command.ts";
import { freePort } from "../../support/hosts/free_port.ts";
import { parseEvents } from "../../support/escp/json_events.ts";
import { startProxiedHosts } from "../../support/hosts/proxied_hosts.ts";
import { randomBytes } from "../../support/files/random_bytes.ts";
import { describeWithScene, DIRECTIONS } from "../../support/scene.ts";

const ROUND_TRIP_MS = 60;
/** Large enough to use several connections. */
const LARGE = 8 << 20;

/** Returns the number of streams in the events "connected" and "end". */
function reportedStreams({ stdout }: EscpResult): number[] {
  const events = parseEvents(stdout);
  return ["connected", "end"].map((name) => events.find(({ event }) => event === name).streams);
}

describeWithScene("the number of connections", (scene) => {
  let from: string;
  beforeAll(async () => {
    from = await scene.tree({ file: randomBytes(LARGE, "far away") });
  });

  /** Copies over a link with this latency. Returns the reported and the opened numbers of connections. */
  async function copyOver(roundTripMs: number, direction: "push" | "pull", flags: string[] = []) {
    const to = await scene.tree();
    const port = freePort();
    await using link = startSlowLink(port, { roundTripMs, bytesPerSecond: 0 });
    const through = ["--escp-port", `${port}`, "--data-address", `127.0.0.1:${link.port}`, "--tunnel", "never"];
    const host = (side: string, path: string) => direction === side ? `testhost:${path}` : path;
    const operands = [host("pull", `${from}/file`), host("push", `${to}/file`)];
    const { sshd } = scene;
    const result = await runEscp([...sshd.sshOptions, "--json", "-v", ...through, ...flags, ...operands]);
    assertEquals(result.code, 0, result.stderr);
    assertEquals(await compareTrees(from, to), []);
    return { reported: reportedStreams(result), opened: link.connections, stderr: result.stderr };
  }

  for (const direction of DIRECTIONS.filter((each) => each !== "local")) {
    it(`is higher on a high-latency link, and -v explains it: ${direction}`, async () => {
      const { reported, opened, stderr } = await copyOver(ROUND_TRIP_MS, direction);
      const least = streamsForRtt(ROUND_TRIP_MS, USUAL_STREAMS);
      assert(least > USUAL_STREAMS.min && reported[0] >= least, `${reported[0]} connections`);
      assertEquals([reported[1], opened], [reported[0], reported[0]]);
      const why = stderr.match(/round trip (\d+) ms: (\d+) connections/);
      assert(why !== null && Number(why[1]) >= ROUND_TRIP_MS, stderr);
      assertEquals(Number(why?.[2]), reported[0]);
    });
  }

  for (const far of ["testhost", "other"]) {
    it(`of a relay follows the link with the higher latency: the one to ${far}`, async () => {
      await using hosts = await startProxiedHosts((host, port) =>
        startSlowLink(port, { roundTripMs: host === far ? ROUND_TRIP_MS : 0, bytesPerSecond: 0 })
      );
      const to = await scene.tree();
      const copy = [...hosts.options, "--json", "-v", `testhost:${from}/file`, `other:${to}/file`];
      const result = await runEscp(copy, { env: hosts.env });
      assertEquals(result.code, 0, result.stderr);
      assertEquals(await compareTrees(from, to), []);
      assert(reportedStreams(result)[0] >= streamsForRtt(ROUND_TRIP_MS, USUAL_STREAMS), result.stdout);
      assertMatch(result.stderr, /round trip \d+ ms: \d+ connections/);
    });
  }

  it("is the number of --streams at any latency", async () => {
    const { reported, opened, stderr } = await copyOver(ROUND_TRIP_MS, "push", ["--streams", "4"]);
    assertEquals([...reported, opened], [4, 4, 4]);
    assert(!stderr.includes("round trip"), stderr);
  });

  it("is 4 on a low-latency link", async () => {
    const { reported, opened, stderr } = await copyOver(0, "push");
    const why = stderr.match(/round trip (\d+) ms: (\d+) connections/);
    assertEquals([reported[1], opened], [reported[0], reported[0]]);
    // A busy machine may answer late and so appear to be far away.
    if (why) assert(Number(why[1]) >= 16 && Number(why[2]) === reported[0], stderr);
    else assertEquals(reported[0], USUAL_STREAMS.min);
  });
});
