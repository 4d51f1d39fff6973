import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { despiteStalls } from "./despite_stalls.ts";

const SILENCE = "the session with testhost was lost (no message for 4 s)";
const OTHER = "exit status 1";

/** Runs attempts that fail with these messages in turn, then succeed. Returns their number and the final failure. */
async function outcome(failures: readonly string[]): Promise<{ attempts: number; failure?: string }> {
  let attempts = 0;
  const attempt = () => {
    const message = failures[attempts++];
    return message === undefined ? Promise.resolve() : Promise.reject(new Error(message));
  };
  const failure = await despiteStalls(attempt).then(() => undefined, (error) => error.message);
  return { attempts, failure };
}

describe("an attempt despite stalls", () => {
  it("is repeated twice if an end was silent", async () => {
    assertEquals(await outcome([]), { attempts: 1, failure: undefined });
    assertEquals(await outcome([SILENCE, SILENCE]), { attempts: 3, failure: undefined });
    assertEquals(await outcome([SILENCE, SILENCE, SILENCE]), { attempts: 3, failure: SILENCE });
  });

  it("is not repeated after other failures", async () => {
    assertEquals(await outcome([OTHER]), { attempts: 1, failure: OTHER });
    assertEquals(await outcome([SILENCE, OTHER]), { attempts: 2, failure: OTHER });
  });
});
