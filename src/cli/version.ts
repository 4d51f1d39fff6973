import project from "../../deno.json" with { type: "json" };

/** The version of escp, such as "0.1.0". deno.json is where it is written. */
export const VERSION: string = project.version;

/**
 * `escp 0.1.0`, and with -v a line for each fact, aligned.
 * @param facts What else to say, in order: name and value, such as `["engine", "native (libcrypto 3.0.19)"]`.
 */
export function versionText(
  { verbose, facts = [] }: { verbose: boolean; facts?: readonly (readonly [name: string, value: string])[] },
): string {
  const first = `escp ${VERSION}\n`;
  if (!verbose) return first;
  const width = Math.max(0, ...facts.map(([name]) => name.length));
  return first + facts.map(([name, value]) => `  ${name.padEnd(width)}  ${value}\n`).join("");
}
