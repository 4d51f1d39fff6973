/** Worker of the socket tests: receives a descriptor, echoes all bytes, and reports their number. */

import { RawSocket } from "../../src/native/net/sockets.ts";

/** The scope of a Worker. The default types describe a main thread. */
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
  socket.close();
  scope.postMessage(bytes);
};
