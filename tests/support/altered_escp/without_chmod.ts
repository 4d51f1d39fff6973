/** escp whose senders ignore `--chmod` in a pull, like a hostile server. The job arrives as JSON, and reaches them without it. */

import { main } from "../../../src/cli/main.ts";

const { parse } = JSON;
JSON.parse = (text, reviver) => {
  const value = parse(text, reviver);
  if (value?.job?.direction === "pull") delete value.job.chmod;
  return value;
};
Deno.exit(await main(Deno.args));
