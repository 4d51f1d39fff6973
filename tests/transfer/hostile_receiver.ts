/** A remote end that receives and breaks the rules: `hostile_receiver.ts TRICK ...`, instead of ssh. */

import type { AuthenticatedStream } from "../../src/session/model/session.ts";
import { closeQuietly } from "../../src/net/close.ts";
import { fixedCount } from "../../src/session/model/stream_count.ts";
import { engine, openHostileEnd, play } from "./hostile_end.ts";
import { TRICKS } from "./hostile_receivers.ts";
import { HostileStream } from "./hostile_stream.ts";

const session = await openHostileEnd();
const { control } = session;

await play(session, async () => {
  while (!(await control.expect("sources")).last);
  control.send({ type: "ready" });
  const { count } = await control.expect("streams");
  const proven = new Promise<AuthenticatedStream>((resolve) => void session.bringUp(fixedCount(count), resolve));
  await TRICKS[Deno.args[0]].play({
    control,
    stream: async () => await HostileStream.create(await proven, engine),
    async disconnect() {
      session.close();
      closeQuietly((await proven).conn);
    },
  });
});
