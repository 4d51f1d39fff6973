/** Users and groups of this machine. */

import { type AccountKind, type Accounts, openAccounts } from "../../native/file/account_calls.ts";
import { textLines } from "../../text_lines.ts";

/** Files with the local users and groups. Their lines begin with name, password and number. */
const TABLES: Record<AccountKind, string> = { user: "/etc/passwd", group: "/etc/group" };

/** No user and no group. */
const NO_ACCOUNTS: Accounts = { nameOf: () => undefined, idOf: () => undefined };

let opened: Accounts | undefined;

/**
 * Returns the users and groups of this machine: those that the system knows, or else those in /etc/passwd and /etc/group. On
 * Windows there are none.
 */
export function machineAccounts(): Accounts {
  return opened ??= cachedAccounts(openMachineAccounts());
}

/** Maximum number of names that are remembered, of any sender. */
const MAX_CACHED = 8192;

/** Returns accounts that find each name once, because a directory service may be slow. */
export function cachedAccounts(accounts: Accounts): Accounts {
  const found = new Map<string, number | undefined>();
  return {
    nameOf: (kind, id) => accounts.nameOf(kind, id),
    idOf(kind, name) {
      const key = `${kind}:${name}`;
      if (found.has(key)) return found.get(key);
      const id = accounts.idOf(kind, name);
      if (found.size < MAX_CACHED) found.set(key, id);
      return id;
    },
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
    nameOf: (kind, id) => entriesOf(kind).find((entry) => entry[1] === id)?.[0],
    idOf: (kind, name) => entriesOf(kind).find((entry) => entry[0] === name)?.[1],
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
