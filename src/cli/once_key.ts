/** The key of a one-time URL from the environment or the terminal: other users can read the arguments of a process. */

import { UsageError } from "../errors.ts";
import { quotePath } from "../escape_text.ts";
import { lacksKey, withKey } from "../serve/escps_operand.ts";
import { canAsk } from "./ask.ts";

/** Where the key may come from. */
export interface KeySources {
  /** Value of ESCP_ONCE_KEY. */
  readonly variable: string | undefined;
  /** Whether the user must not be asked. */
  readonly batch: boolean;
}

/** Returns operands in which a URL that ends in `#k=` has its key. @throws {UsageError} if there is none. */
export async function withOnceKeys(operands: readonly string[], { variable, batch }: KeySources): Promise<string[]> {
  const complete: string[] = [];
  for (const operand of operands) {
    complete.push(lacksKey(operand) ? withKey(operand, variable || await askKey(operand, batch)) : operand);
  }
  return complete;
}

async function askKey(operand: string, batch: boolean): Promise<string> {
  if (canAsk({ batch })) {
    const [{ askSecret }, { stopSignals }] = await Promise.all([
      import("./ask_secret.ts"),
      import("./stop_signals.ts"),
    ]);
    using stop = stopSignals();
    const key = await askSecret(`Key of ${operand} (paste the whole URL; it is not shown): `, stop.signal);
    if (key !== undefined) return key;
  }
  throw new UsageError(`The key of ${quotePath(operand)} is missing`, {
    hint: "Set ESCP_ONCE_KEY to the URL that escp --serve --once has printed, or run escp at a terminal",
  });
}
