/** Decides which test files share a process. */

import { isAbsolute, join, toFileUrl } from "@std/path";
import { walkFiles } from "../walk_files.ts";

/** A file of tests. */
export interface TestFile {
  path: string;
  bytes: number;
  /** Whether its tests start escp or an ssh server, which takes most of their time. */
  startsEscp: boolean;
}

/** One process of `deno test`. */
export interface TestRun {
  /** Name in messages. */
  name: string;
  files: string[];
  /** Whether no test in it starts escp. */
  isQuick: boolean;
}

/** Directories whose tests take long for other reasons. */
const SLOW = /(^|\/)tests\/(faults|transfer)\//;
const STARTS_ESCP =
  /support\/(?:escp\/(?:escp_command|host_without_escp)|hosts\/(?:needs_sshd|network|network_pair|serving|sshd)|scene)\.ts"/;
/** Estimates for the first run, which has no measured times. */
const USUAL_BYTES_PER_SECOND = 200;
/** Seconds of files that take at least twice as long as their size suggests, most of them waiting. */
export const USUAL_SECONDS: Readonly<Record<string, number>> = {
  "tests/transfer/hostile_server_test.ts": 120,
  "tests/e2e/binary/closed_ports_test.ts": 110,
  "tests/faults/connections/retries_test.ts": 90,
  "tests/e2e/engines/paths/descriptors_test.ts": 60,
  "tests/faults/connections/streams_test.ts": 60,
  "tests/transfer/hostile_receiver_test.ts": 60,
  "tests/faults/processes/stuck_client_test.ts": 55,
};

/**
 * Puts the quick files into one process, because most of them take less time than its start. Each other file has its own
 * process, the slowest first.
 *
 * @param times Measured seconds by path.
 */
export function planRuns(files: readonly TestFile[], times: Record<string, number> = {}): TestRun[] {
  const isSlow = ({ path, startsEscp }: TestFile) => startsEscp || SLOW.test(path);
  const seconds = ({ path, bytes }: TestFile) => times[path] ?? USUAL_SECONDS[path] ?? bytes / USUAL_BYTES_PER_SECOND;
  const quick = files.filter((file) => !isSlow(file)).map(({ path }) => path);
  const slow = files.filter(isSlow).toSorted((a, b) => seconds(b) - seconds(a));
  const alone = slow.map(({ path }) => ({ name: path, files: [path], isQuick: false }));
  return quick.length > 0 ? [{ name: "quick tests", files: quick, isQuick: true }, ...alone] : alone;
}

/**
 * Returns a module that imports test files. In one module, files that share modules load them once, which halves the processor
 * time of the quick files.
 *
 * @param root Absolute path of the directory to which paths are relative.
 */
export function joinedTests(root: string, paths: readonly string[]): string {
  const urls = paths.map((path) => toFileUrl(isAbsolute(path) ? path : join(root, path)).href);
  return urls.map((url) => `import ${JSON.stringify(url)};\n`).join("");
}

/** Finds files whose name ends in "_test.ts" below directories, and adds files that are named. Keeps paths as given. */
export async function findTestFiles(root: string, paths: readonly string[]): Promise<TestFile[]> {
  const found: TestFile[] = [];
  const add = async (path: string) => {
    const text = await Deno.readTextFile(isAbsolute(path) ? path : join(root, path));
    found.push({ path, bytes: text.length, startsEscp: STARTS_ESCP.test(text) });
  };
  for (const path of paths) {
    const absolute = isAbsolute(path) ? path : join(root, path);
    if ((await Deno.stat(absolute)).isFile) {
      await add(path);
      continue;
    }
    for await (const { below } of walkFiles(absolute, { match: /_test\.ts$/ })) await add(join(path, below));
  }
  return found;
}
