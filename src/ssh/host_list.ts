/** Lists of hosts in operands, as in Slurm: `dtn[1-4]:/archive`, `user@dtn[01-10,12],gw:/archive`. */

import { quotePath, UsageError } from "../errors.ts";

/** Maximum number of hosts in a list. */
const MAX_HOSTS = 65_536;
const LIST = /^(?<user>[^:/]*@)?(?!\[)(?<hosts>[^:/@]*[[,][^:/@]*):(?<path>.*)$/s;

/**
 * Returns one operand per host, in the order of the list; undefined if the operand has no list.
 *
 * @throws {UsageError} for a list that cannot be parsed, or with more than 65,536 hosts.
 */
export function operandsOfHosts(text: string): string[] | undefined {
  const { user = "", hosts, path } = LIST.exec(text)?.groups ?? {};
  if (hosts === undefined) return undefined;
  const refuse = (reason: string): never => {
    throw new UsageError(`Cannot use the list of hosts in ${quotePath(text)}: ${reason}`, {
      hint: "Write it as dtn[1-4]:/path, dtn[01-10,12]:/path or a,b:/path",
    });
  };
  const all: string[] = [];
  for (const part of partsOf(hosts, refuse)) {
    for (const host of expand(part, refuse)) {
      if (all.push(`${user}${host}:${path}`) > MAX_HOSTS) refuse(`it has more than ${MAX_HOSTS} hosts`);
    }
  }
  return all;
}

/** Splits a list at the commas outside brackets. */
function partsOf(hosts: string, refuse: (reason: string) => never): string[] {
  const parts: readonly string[] = hosts.match(/(?:\[[^\][]*\]|[^,\][])+|,|[\][]/g) ?? [];
  if (parts.includes("[") || parts.includes("]")) refuse("a bracket is missing");
  const names = parts.filter((part) => part !== ",");
  if (parts.length !== 2 * names.length - 1) refuse("a name is missing before or after a comma");
  return names;
}

/** Yields the names of a part such as `rack[1-2]-node[01-16]`. */
function* expand(part: string, refuse: (reason: string) => never): Generator<string> {
  const open = part.indexOf("[");
  if (open < 0) return yield part;
  const close = part.indexOf("]");
  for (const number of numbers(part.slice(open + 1, close), refuse)) {
    for (const rest of expand(part.slice(close + 1), refuse)) yield part.slice(0, open) + number + rest;
  }
}

/** Yields the numbers of `1-4,07`. A range has as many digits as its first number. */
function* numbers(ranges: string, refuse: (reason: string) => never): Generator<string> {
  for (const range of ranges.split(",")) {
    const [, first, last = first] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(range) ?? [];
    if (first === undefined) refuse(`"${range}" is not a number or a range of numbers`);
    if (Number(last) < Number(first)) refuse(`the range "${range}" ends before it begins`);
    for (let number = Number(first); number <= Number(last); number++) {
      yield String(number).padStart(first.length, "0");
    }
  }
}
