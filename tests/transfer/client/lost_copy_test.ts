import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { StartError } from "../../../src/errors.ts";
import { explainLoss, hintWhenLost, type LostCopy } from "../../../src/transfer/client/lost_copy.ts";
import { TransferLost } from "../../../src/transfer/transfer_errors.ts";

const FILE: LostCopy = { resume: true, recursive: false };
const USED_UP = "The one-time URL is used up: start escp --serve --once again, and use its new URL";

function explained(lost: LostCopy): TransferLost {
  return explainLoss(new TransferLost("The session was lost"), lost, { finishing: false }) as TransferLost;
}

describe("a lost copy", () => {
  it("is repeated, and resumed by the same command", () => {
    assertEquals(explained(FILE).repeatable, true);
    assertEquals(explained(FILE).hint, "Run the same command again to resume; completed files are kept");
  });

  it("with a one-time URL is not repeated, and needs a new URL", () => {
    const lost = explained({ ...FILE, isUsedUp: true });
    assertEquals(lost.repeatable, false);
    assertEquals(lost.hint, `${USED_UP} to resume; completed files are kept`);
  });

  it("with a one-time URL does not promise to resume what cannot be resumed", () => {
    const unresumable: Partial<LostCopy>[] = [
      { resume: false },
      { fromInput: true },
      { toOutput: true },
      { unmarked: "host" },
      { unresumable: true },
    ];
    for (const each of unresumable) assertEquals(hintWhenLost({ ...FILE, isUsedUp: true, ...each }), USED_UP);
  });

  it("with a one-time URL that failed for another reason needs a new URL", () => {
    const hintOf = (hint?: string) => {
      const error = new StartError("Cannot start a session at server", { hint });
      return (explainLoss(error, { ...FILE, isUsedUp: true }, { finishing: false }) as StartError).hint;
    };
    assertEquals(hintOf(), USED_UP);
    assertEquals(hintOf("The log of the server has the reason"), `The log of the server has the reason. ${USED_UP}`);
  });

  it("with a one-time URL names unfinished directories that a later run would not recognize", () => {
    for (const each of [{ unmarked: "host" }, { unresumable: true }]) {
      assertEquals(
        hintWhenLost({ resume: true, recursive: true, isUsedUp: true, ...each }),
        `${USED_UP}, after you have removed the directories that this copy has created`,
      );
    }
  });
});
