/** Worker of terminated_threads.ts: waits for a descriptor with many calls, and reports when they run. */

import { openAsyncFileCalls } from "../../src/native/file/async_calls.ts";
import { Readiness } from "../../src/native/net/readiness.ts";
import { openSocketCalls, POLLIN } from "../../src/native/net/socket_calls.ts";

const scope = self as unknown as {
  onmessage: (event: MessageEvent<number>) => void;
  postMessage(message: string): void;
};

scope.onmessage = ({ data: fd }) => {
  for (let count = 0; count < 20; count++) new Readiness(openSocketCalls(), fd, POLLIN).wait(Infinity);
  // When this call returns, the calls before it have started.
  openAsyncFileCalls().copyRange(fd, fd, 0, 1).then(() => scope.postMessage("waiting"));
};
