/** A Worker of the test of threads that are ended: waits for a descriptor, many times over, and says so. */

import { openAsyncFileCalls } from "../../src/native/file/async_calls.ts";
import { Readiness } from "../../src/native/net/readiness.ts";
import { openSocketCalls, POLLIN } from "../../src/native/net/socket_calls.ts";

const scope = self as unknown as {
  onmessage: (event: MessageEvent<number>) => void;
  postMessage(message: string): void;
};

scope.onmessage = ({ data: fd }) => {
  for (let count = 0; count < 20; count++) new Readiness(openSocketCalls(), fd, POLLIN).wait(Infinity);
  // One that returns shows that this thread has nothing else to do.
  openAsyncFileCalls().copyRange(fd, fd, 0, 1).then(() => scope.postMessage("waiting"));
};
