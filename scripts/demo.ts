/** Makes a sample tree, copies it with the embedded local peer, and compares both byte by byte. */

import { formatBytes } from "../src/ui/format.ts";
import { compareTrees } from "../tests/support/files/compare_trees.ts";
import { escpCommand } from "../tests/support/escp/escp_command.ts";
import { randomTree } from "../tests/support/files/random_bytes.ts";
import { type TreeEntries, writeTree } from "../tests/support/files/temp_tree.ts";

const MIB = 1 << 20;

function sampleTree(): TreeEntries {
  return {
    ...randomTree({ files: 400, directories: 40, maxBytes: 2 * MIB, seed: "demo" }),
    "large/one.bin": { size: 64 * MIB },
    "large/two.bin": { size: 32 * MIB + 1 },
    "large/sparse.img": { sparseSize: 64 * MIB, pieces: { [8 * MIB]: "data between holes" } },
    "empty file": "",
    "empty directory": { directory: true },
    "script.sh": { content: "#!/bin/sh\necho hello\n", mode: 0o755, mtime: new Date("2020-02-02T02:02:02Z") },
  };
}

async function measureTree(directory: string): Promise<{ files: number; directories: number; bytes: number }> {
  const sum = { files: 0, directories: 0, bytes: 0 };
  for await (const entry of Deno.readDir(directory)) {
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory) {
      const inside = await measureTree(path);
      sum.files += inside.files;
      sum.directories += inside.directories + 1;
      sum.bytes += inside.bytes;
    } else if (entry.isFile) {
      sum.files++;
      sum.bytes += (await Deno.stat(path)).size;
    }
  }
  return sum;
}

async function demo(): Promise<number> {
  const directory = await Deno.makeTempDir({ prefix: "escp-demo-" });
  const [tree, copy] = [`${directory}/tree`, `${directory}/copy`];
  await writeTree(tree, sampleTree());
  const { files, directories, bytes } = await measureTree(tree);
  console.log(`Made ${tree}: ${files} files and ${directories} directories, ${formatBytes(bytes)}`);

  const [program, ...first] = escpCommand();
  console.log(`\n$ escp -v -r -p ${tree} ${copy}`);
  const { code } = await new Deno.Command(program, {
    args: [...first, "-v", "-r", "-p", tree, copy],
    env: { XDG_STATE_HOME: `${directory}/state` },
  }).spawn().status;
  if (code !== 0) {
    console.error(`escp exited with status ${code}; the trees are kept in ${directory}`);
    return code;
  }

  const differences = await compareTrees(tree, copy, { modes: true, mtimes: "s" });
  for (const difference of differences) console.error(difference);
  if (differences.length > 0) {
    console.error(`\nThe copy differs in ${differences.length} places; the trees are kept in ${directory}`);
    return 1;
  }
  console.log(
    `\nCompared ${files} files and ${directories} directories byte by byte, with modes and times: all are the same.`,
  );
  console.log(`The copy is in ${copy}\nRemove both with: rm -r ${directory}`);
  return 0;
}

Deno.exit(await demo());
