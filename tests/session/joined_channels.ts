/** Two ends of a control channel in one process. */

import { ControlChannel } from "../../src/session/model/control_channel.ts";

/** Returns two connected control channels. */
export function joined(): { client: ControlChannel; remote: ControlChannel } {
  const [there, back] = [new TransformStream<Uint8Array>(), new TransformStream<Uint8Array>()];
  const client = new ControlChannel(back.readable.getReader(), there.writable.getWriter());
  const remote = new ControlChannel(there.readable.getReader(), back.writable.getWriter());
  return { client, remote };
}

/** Waits for messages. Returns the error that ends it. */
export async function listen(control: ControlChannel): Promise<unknown> {
  try {
    for (;;) await control.next();
  } catch (error) {
    return error;
  }
}

/** Closes the channels. */
export async function closeBoth(...channels: ControlChannel[]): Promise<void> {
  await Promise.all(channels.map((channel) => channel.close()));
}
