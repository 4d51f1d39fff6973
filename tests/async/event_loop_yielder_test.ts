import { assert } from "@std/assert";
import { it } from "@std/testing/bdd";
import { EventLoopYielder } from "../../src/async/event_loop_yielder.ts";

it("closing an event-loop yielder ends its current yield", async () => {
  const yielder = new EventLoopYielder();
  let pending: void | Promise<void> = undefined;
  while (!pending) pending = yielder.yieldIfDue();
  yielder.close();
  await pending;
  assert(yielder.yieldIfDue() === undefined);
  yielder.close();
});
