/** A Worker of the socket tests: takes a descriptor over, sends back all that comes, and says how many bytes. */

import { RawSocket } from "../../src/native/net/sockets.ts";

/** What a Worker has of its own; the default types are those of a main thread. */
const scope = self as unknown as {
  onmessage: (event: MessageEvent<number>) => void;
  postMessage(message: number): void;
};

scope.onmessage = async (event) => {
  const socket = new RawSocket(event.data);
  const buffer = new Uint8Array(1 << 20);
  let bytes = 0;
  for (let count; (count = await socket.read(buffer, 0, buffer.length)) > 0; bytes += count) {
    for (let start = 0; start < count;) start += await socket.write(buffer, start, count);
  }
  socket.shutdownWrite();
  socket.close();
  scope.postMessage(bytes);
};
