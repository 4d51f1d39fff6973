/** Notes of a receiver. */

import type { ReceiveOptions } from "./receive_options.ts";

/** Reports a note to the user, who is at the client. */
export function noteUser({ session, emit }: Pick<ReceiveOptions, "session" | "emit">, message: string): void {
  emit({ type: "note", message });
  if (session.role === "remote" && session.features.includes("notes")) session.control.send({ type: "note", message });
}
