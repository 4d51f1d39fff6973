/** Looks up the user "escp-slow" and its number three times at once. Prints the results and whether timers ran meanwhile. */

import { machineAccounts } from "../../src/files/stat/accounts.ts";

let timers = 0;
const timer = setInterval(() => timers++, 1);
const accounts = machineAccounts();
const [id] = await Promise.all(Array.from({ length: 3 }, () => accounts.idOf("user", "escp-slow")));
const names = await Promise.all(Array.from({ length: 3 }, () => accounts.nameOf("group", id!)));
clearInterval(timer);
console.log(JSON.stringify({ id, names, timersRan: timers > 0 }));
