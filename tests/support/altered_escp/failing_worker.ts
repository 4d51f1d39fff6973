/** A stream Worker with a bug: it throws after FAIL_AFTER messages to the main thread. */

import "../../../src/streams/run/worker.ts";

const scope = self as unknown as { postMessage(message: unknown): void };
const post = scope.postMessage.bind(self);
let left = Number(Deno.env.get("FAIL_AFTER"));
scope.postMessage = (message) => {
  if (left-- > 0) return post(message);
  setTimeout(() => {
    throw new Error("thread on purpose");
  });
};
