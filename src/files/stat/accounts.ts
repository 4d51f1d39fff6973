/** Users and groups of this machine. */

import { type AccountKind, type Accounts, openAccounts } from "../../native/file/account_calls.ts";
import { textLines } from "../../text_lines.ts";

/** Files with the local users and groups. Their lines begin with name, password and number. */
const TABLES: Record<AccountKind, string> = { user: "/etc/passwd", group: "/etc/group" };

/** No user and no group. */
const NO_ACCOUNTS: Accounts = {
  nameOf: () => Promise.resolve(undefined),
  idOf: () => Promise.resolve(undefined),
};

let opened: Accounts | undefined;

/**
 * Returns the users and groups of this machine: those that the system knows, or else those in /etc/passwd and /etc/group. On
 * Windows there are none.
 */
export function machineAccounts(): Accounts {
  return opened ??= cachedAccounts(openMachineAccounts());
}

/** Maximum number of look-ups of each kind that are remembered. A sender may name any number of owners. */
const MAX_CACHED = 8192;

/** Returns accounts that find each name and each number once, because a directory service may be slow. Failures are forgotten. */
export function cachedAccounts(accounts: Accounts): Accounts {
  return {
    nameOf: cached((kind, id: number) => accounts.nameOf(kind, id)),
    idOf: cached((kind, name: string) => accounts.idOf(kind, name)),
  };
}

/** Returns a look-up that remembers results, and shares those in progress. It forgets the oldest of too many. */
function cached<Key extends string | number, Result>(
  lookUp: (kind: AccountKind, key: Key) => Promise<Result>,
): (kind: AccountKind, key: Key) => Promise<Result> {
  const results = new Map<string, Promise<Result>>();
  return (kind, key) => {
    const known = results.get(`${kind}:${key}`);
    if (known) return known;
    if (results.size === MAX_CACHED) results.delete(results.keys().next().value!);
    const result = lookUp(kind, key);
    results.set(`${kind}:${key}`, result);
    result.catch(() => results.delete(`${kind}:${key}`));
    return result;
  };
}

function openMachineAccounts(): Accounts {
  if (Deno.build.os === "windows") return NO_ACCOUNTS;
  try {
    return openAccounts();
  } catch {
    // FFI is not permitted.
    return tableAccounts(readTable);
  }
}

/** Returns the accounts in tables. @param read returns the text of the table of a kind. */
export function tableAccounts(read: (kind: AccountKind) => string): Accounts {
  const tables = new Map<AccountKind, [name: string, id: number][]>();
  const entriesOf = (kind: AccountKind) => {
    const entries = tables.get(kind) ?? parseTable(read(kind));
    tables.set(kind, entries);
    return entries;
  };
  return {
    nameOf: (kind, id) => Promise.resolve(entriesOf(kind).find((entry) => entry[1] === id)?.[0]),
    idOf: (kind, name) => Promise.resolve(entriesOf(kind).find((entry) => entry[0] === name)?.[1]),
  };
}

function readTable(kind: AccountKind): string {
  try {
    return Deno.readTextFileSync(TABLES[kind]);
  } catch {
    return "";
  }
}

function parseTable(text: string): [name: string, id: number][] {
  return textLines(text).flatMap((line): [string, number][] => {
    const [name, , id] = line.split(":");
    // Lines that begin with "+" or "-" include those of a directory service.
    return /^[^+-]/.test(name) && /^\d{1,10}$/.test(id ?? "") ? [[name, Number(id)]] : [];
  });
}
