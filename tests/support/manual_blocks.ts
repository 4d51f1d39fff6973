/** The commands of src/cli/MANUAL.md, for tests that run them. */

const manual = await Deno.readTextFile(new URL("../../src/cli/MANUAL.md", import.meta.url));

/** Returns the code blocks of the section with this heading, without its subsections. */
export function blocksOf(heading: string): string[] {
  const [, section] = manual.split(new RegExp(`\n##+ ${heading}\n`));
  return Array.from(section.split(/^##+ /m)[0].matchAll(/^```\w+\n([^]*?)^```$/gm), ([, block]) => block);
}
