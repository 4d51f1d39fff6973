/** A table of options as the command line has one, with one row of each kind. */

import { parseFlagValue } from "../../src/cli/options/values/flag_value.ts";
import { nearest } from "../../src/cli/options/nearest.ts";
import type { Flag } from "../../src/cli/options/flag.ts";
import type { KeyTable } from "../../src/config/config.ts";

const section = "Other";
const help = "";

const ROWS: readonly Flag[] = [
  { name: "recursive", kind: "boolean", section, help },
  { name: "streams", aliases: ["parallel"], kind: "number", min: 1, max: 64, section, help },
  { name: "engine", kind: "string", choices: ["auto", "portable", "native"], section, help },
  { name: "remote-path", aliases: ["escp"], kind: "string", section, help },
  { name: "identity", kind: "list", section, help },
  { name: "include", kind: "list", rule: { action: "include", kind: "glob" }, section, help },
  { name: "exclude", kind: "list", rule: { action: "exclude", kind: "glob" }, section, help },
  { name: "exclude-regex", kind: "list", rule: { action: "exclude", kind: "regex" }, section, help },
  { name: "ipv4", kind: "boolean", section, help },
  { name: "ipv6", kind: "boolean", section, help },
  { name: "through-here", kind: "boolean", section, help },
  { name: "from-origin", kind: "boolean", section, help },
  { name: "verbose", kind: "count", section, help },
  { name: "escp-port", kind: "number", min: 1, max: 65535, section, help },
  { name: "escp-portrange", kind: "string", section, help },
];

export const TABLE: KeyTable = { known: ROWS, parseValue: parseFlagValue, nearest };
