import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ownerByLsof, ownerByProc, type PortOwner } from "../../../src/session/tunnel/own_listener.ts";
import { AS_OTHER_USER, otherUserProblem } from "../../support/files/plain_rights.ts";
import { openReceiverPort } from "../receiver_port.ts";

const isLinux = Deno.build.os === "linux";
const ENGINES: [name: string, ownerOf: (port: number) => PortOwner | Promise<PortOwner>, problem?: string][] = [
  ["/proc", ownerByProc, isLinux ? undefined : "not Linux"],
  ["lsof", ownerByLsof, lsofProblem()],
];

for (const [name, ownerOf, problem] of ENGINES) {
  const why = problem ? ` (skipped: ${problem})` : "";
  describe(`the owner of a port, by ${name}${why}`, { ignore: problem !== undefined }, () => {
    for (const hostname of ["127.0.0.1", "0.0.0.0", "::"]) {
      it(`is "escp" if a remote end listens on ${hostname}`, async () => {
        await using receiver = await openReceiverPort(1, { hostname });
        assertEquals(await ownerOf(receiver.port), "escp");
      });

      it(`is "other" if another program of this user listens on ${hostname}`, async () => {
        await using other = await openReceiverPort(1, { args: [], hostname });
        assertEquals(await ownerOf(other.port), "other");
      });
    }

    it('is "nobody" if no process listens', async () => {
      const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const { port } = listener.addr;
      listener.close();
      assertEquals(await ownerOf(port), "nobody");
    });

    it({
      name: `is not escp when an escp of another user listens${
        otherUserProblem ? ` (skipped: ${otherUserProblem})` : ""
      }`,
      ignore: otherUserProblem !== undefined,
      async fn() {
        await using other = await openReceiverPort(1, { as: AS_OTHER_USER });
        assertEquals(await ownerOf(other.port) === "escp", false);
      },
    });
  });
}

function lsofProblem(): string | undefined {
  try {
    new Deno.Command("lsof", { args: ["-v"], stderr: "null" }).outputSync();
    return undefined;
  } catch {
    return "no lsof";
  }
}
