import project from "../../deno.json" with { type: "json" };

/** Version of escp from deno.json, such as "0.1.0". */
export const VERSION: string = project.version;

/**
 * Returns `escp 0.1.0`, and with `verbose` an aligned line per fact.
 *
 * @param facts names and values in order, such as `["engine", "native (libcrypto 3.0.19)"]`.
 */
export function versionText(
  { verbose, facts = [] }: { verbose: boolean; facts?: readonly (readonly [name: string, value: string])[] },
): string {
  const first = `escp ${VERSION}\n`;
  if (!verbose) return first;
  const width = Math.max(0, ...facts.map(([name]) => name.length));
  return first + facts.map(([name, value]) => `  ${name.padEnd(width)}  ${value}\n`).join("");
}
