/** The commands of src/cli/MANUAL.md, for tests that run them. */

const manual = await Deno.readTextFile(new URL("../../src/cli/MANUAL.md", import.meta.url));

/** Returns the text of the section with this heading, without its subsections. */
export function sectionOf(heading: string): string {
  const [, section] = manual.split(new RegExp(`\n##+ ${heading}\n`));
  return section.split(/^##+ /m)[0];
}

/** Returns the code blocks of a section, without those of output, which have no language. */
export function blocksOf(heading: string): string[] {
  return Array.from(sectionOf(heading).matchAll(/^```\w+\n([^]*?)^```$/gm), ([, block]) => block);
}
