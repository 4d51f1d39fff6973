/** Two ends of a control channel in one process. */

import { ControlChannel } from "../../src/session/model/control_channel.ts";

/** Two control channels that are joined; each waits for messages, as the ends of a transfer do. */
export function joined(): { client: ControlChannel; remote: ControlChannel } {
  const [there, back] = [new TransformStream<Uint8Array>(), new TransformStream<Uint8Array>()];
  const client = new ControlChannel(back.readable.getReader(), there.writable.getWriter());
  const remote = new ControlChannel(there.readable.getReader(), back.writable.getWriter());
  return { client, remote };
}

/** What waiting for messages comes to. */
export async function listen(control: ControlChannel): Promise<unknown> {
  try {
    for (;;) await control.next();
  } catch (error) {
    return error;
  }
}

/** Ends both. */
export async function closeBoth(...channels: ControlChannel[]): Promise<void> {
  await Promise.all(channels.map((channel) => channel.close()));
}
