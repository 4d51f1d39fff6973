/** Control messages of the receiver during a transfer. */

import type { DeletedEntry, MessageOf } from "../../protocol/control/messages.ts";
import type { SendOptions } from "./send_options.ts";
import type { Scheduler } from "./scheduler.ts";

/** Passes the receiver's messages to the scheduler until the receiver has finished. */
export class ReceiverMessages {
  /** The receiver's last message; rejects with the error that ends the conversation. */
  readonly finished: Promise<MessageOf<"finished">>;
  /** Never resolves; rejects as `finished` does. */
  readonly #failed: Promise<never>;

  constructor(
    { session, emit }: Pick<SendOptions, "session" | "emit">,
    scheduler: Scheduler,
    deleted: (entry: DeletedEntry) => void,
  ) {
    this.finished = receive({ session, emit }, scheduler, deleted);
    this.#failed = this.finished.then(() => new Promise<never>(() => {}));
    // The sender awaits both later; until then a failure must not be an unhandled rejection.
    this.#failed.catch(() => {});
  }

  /** Returns the result of the work. @throws {unknown} The error that ends the conversation meanwhile. */
  async during<Result>(work: Promise<Result>): Promise<Result> {
    return await Promise.race([work, this.#failed]);
  }
}

/** Features that allow messages for the user. */
const FEATURES = { note: "notes", checking: "checking", deleted: "delete" } as const;

async function receive(
  { session: { control, features }, emit }: Pick<SendOptions, "session" | "emit">,
  scheduler: Scheduler,
  deleted: (entry: DeletedEntry) => void,
): Promise<MessageOf<"finished">> {
  const reports = (["note", "checking", "deleted"] as const).filter((type) => features.includes(FEATURES[type]));
  for (;;) {
    const message = await control.expect("opened", "unopened", "closed", "finished", ...reports);
    if (message.type === "finished") return message;
    if (message.type === "note" || message.type === "checking") emit(message);
    else if (message.type === "deleted") message.entries.forEach(deleted);
    else scheduler.answer(message);
  }
}
