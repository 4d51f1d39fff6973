/** Looks up accounts of a directory service that fails at first. Prints the results. */

import { machineAccounts } from "../../src/files/stat/accounts.ts";
import { SystemCallError } from "../../src/native/libc/errno.ts";

const accounts = machineAccounts();
const results: unknown[] = [];
for (
  const lookUp of [
    () => accounts.idOf("user", "escp-slow"),
    () => accounts.nameOf("group", 23501),
    () => accounts.idOf("user", "escp-slow"),
    () => accounts.nameOf("group", 23501),
    () => accounts.idOf("group", "escp-none"),
  ]
) {
  try {
    results.push(await lookUp() ?? "unknown");
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    results.push(`${error.code} ${error.message}`);
  }
}
console.log(JSON.stringify(results));
