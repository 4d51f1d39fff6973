/** The owner that the user chooses for all copied entries (`--chown`). */

import { messageOf, quotePath, UserError } from "../../errors.ts";
import { machineAccounts } from "../../files/stat/accounts.ts";
import type { AccountKind, Accounts } from "../../native/file/account_calls.ts";
import { failureOf } from "../../streams/failure.ts";
import type { FixedOwner } from "../../streams/receive/owner_map.ts";
import type { ReceiveOptions } from "./receive_options.ts";

/**
 * Finds user and group of the job.
 *
 * @param note called with a note for the user if this user cannot give files to others.
 * @returns the owner; undefined if the job names none.
 * @throws {UserError} for an unknown name, or if it cannot be looked up, after refusing it.
 */
export async function fixedOwner(
  { session: { control }, job: { chown } }: Pick<ReceiveOptions, "session" | "job">,
  note: (text: string) => void,
  accounts: Accounts = machineAccounts(),
): Promise<FixedOwner | undefined> {
  if (!chown) return undefined;
  try {
    const { user, group } = chown;
    const uid = user === undefined ? undefined : await idOf("user", user, accounts);
    const gid = group === undefined ? undefined : await idOf("group", group, accounts);
    const own = Deno.build.os === "windows" ? undefined : Deno.uid();
    if (uid !== undefined && own !== 0 && uid !== own) note("--chown sets the group only: only root can set the owner");
    return { uid, gid };
  } catch (error) {
    if (error instanceof UserError) control.send({ type: "refused", failure: failureOf(error) });
    throw error;
  }
}

async function idOf(kind: AccountKind, name: string, accounts: Accounts): Promise<number> {
  if (/^\d+$/.test(name)) return Number(name);
  const id = await accounts.idOf(kind, name).catch((cause) => {
    const what = `the host of the target cannot look up the ${kind} ${quotePath(name)}`;
    throw new UserError(`Cannot use --chown: ${what}: ${messageOf(cause)}`, { cause });
  });
  if (id !== undefined) return id;
  throw new UserError(`Cannot use --chown: the host of the target has no ${kind} ${quotePath(name)}`, {
    hint: `Create the ${kind} on that host, or write its number`,
  });
}
