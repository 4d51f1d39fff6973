/** A suite's ssh server, and the variants in which the suite copies over it. */

import { afterAll, beforeAll, type TestOptions } from "./bdd.ts";
import {
  escpCommand,
  type EscpOptions,
  type EscpResult,
  runEscp,
  type RunningEscp,
  startEscp,
  useAsEscp,
  writeEscpWrapper,
} from "./escp/escp_command.ts";
import { describeWithSshd } from "./hosts/needs_sshd.ts";
import { writeWrapper } from "./shell_script.ts";
import { type Sshd, type SshdOptions, startSshd } from "./hosts/sshd.ts";
import { createTempDirectory, type TempDirectory } from "./files/temp.ts";
import { type TreeEntries, writeTree } from "./files/temp_tree.ts";

export type Engine = "native" | "portable";
export type Direction = "push" | "pull" | "local";

/** One combination of the settings that most tests repeat over. Both ends have the same engine. */
export interface Variant {
  direction: Direction;
  engine: Engine;
  streams: 1 | 4;
}

/** Engines of this system. */
const ALL_ENGINES: readonly Engine[] = Deno.build.os === "linux" ? ["native", "portable"] : ["portable"];
/** Engines to test; ESCP_ENGINE selects one of them. */
export const ENGINES: readonly Engine[] = selectEngines(Deno.env.get("ESCP_ENGINE"));
export const DIRECTIONS: readonly Direction[] = ["push", "pull", "local"];

const HAS_ALL_VARIANTS = Deno.env.get("ESCP_TEST_VARIANTS") === "all";
/**
 * Whether this run covers what the run from source leaves out. That has each direction with alternating engines; two runs of
 * the compiled binary, each with one engine, have each direction with the other one.
 */
const IS_COMPLEMENT = Deno.env.has("ESCP_BINARY") && !HAS_ALL_VARIANTS && ENGINES.length < ALL_ENGINES.length;

/**
 * Each direction once; engines and the number of streams alternate. With ESCP_TEST_VARIANTS=all each engine in each
 * direction. With ESCP_BINARY and ESCP_ENGINE the directions that have the other engine without them.
 */
export const VARIANTS: readonly Variant[] = HAS_ALL_VARIANTS
  ? ENGINES.flatMap(variantsOf)
  : alternatingVariants(0, (index) => index % 2 === 0 ? 4 : 1);

/** The same with one stream and with several. */
export const ALL_VARIANTS: readonly Variant[] = VARIANTS.flatMap((variant): Variant[] => [
  { ...variant, streams: 1 },
  { ...variant, streams: 4 },
]);

/** Returns each direction with this engine; empty if the engine is not tested. */
export function variantsOf(engine: Engine): Variant[] {
  if (!ENGINES.includes(engine)) return [];
  return DIRECTIONS.map((direction, index): Variant => ({ direction, engine, streams: index % 2 === 0 ? 4 : 1 }));
}

/**
 * Returns each direction once, or with ESCP_BINARY and ESCP_ENGINE the same part as `VARIANTS`. Consecutive indexes cover each
 * direction with each engine.
 */
export function rotatingVariants(index: number): Variant[] {
  return alternatingVariants(index, () => index % 3 === 0 ? 1 : 4);
}

function alternatingVariants(first: number, streams: (index: number) => 1 | 4): Variant[] {
  const engineIn = (engines: readonly Engine[], index: number) => engines[(first + index) % engines.length];
  return DIRECTIONS
    .map((direction, index): Variant => ({ direction, engine: engineIn(ENGINES, index), streams: streams(index) }))
    .filter(({ engine }, index) => !IS_COMPLEMENT || engine !== engineIn(ALL_ENGINES, index));
}

/** Returns the engine of the case with this number. With ESCP_TEST_VARIANTS=all, each engine. */
export function rotatingEngines(index: number): readonly Engine[] {
  return HAS_ALL_VARIANTS ? ENGINES : [ENGINES[index % ENGINES.length]];
}

/** Returns the variant as text for the name of a test. */
export function variantName({ direction, engine, streams }: Variant): string {
  return `${direction}, ${engine}, ${streams} stream${streams === 1 ? "" : "s"}`;
}

/** Operands and flags of a copy. Paths have no host; the variant's direction adds it. */
export interface Copy extends EscpOptions {
  flags?: string[];
  sources: string[];
  target: string;
}

/**
 * An ssh server with an escp for each engine and one that is found through PATH, and a temporary directory for trees that
 * both ends see under the same path. Disposing removes everything.
 */
export class Scene implements AsyncDisposable {
  #server: Sshd | undefined;
  #directory: TempDirectory | undefined;
  #trees = 0;
  /** Whether copies run in this process. */
  readonly #inProcess: boolean;

  constructor({ inProcess = false } = {}) {
    this.#inProcess = inProcess;
  }

  /** Starts the server. */
  async open(options: SshdOptions = {}): Promise<void> {
    this.#directory = await createTempDirectory();
    this.#server = await startSshd(options);
    for (const engine of ENGINES) {
      const directory = `${this.sshd.binDirectory}/${engine}`;
      await Deno.mkdir(directory);
      // Threads even on machines on which escp would not start any.
      await writeEscpWrapper(directory, { engine, cwd: this.sshd.home, env: { ESCP_THREADS: "2" } });
    }
  }

  /** The running server; only for hooks and cases, which run after `open`. */
  get sshd(): Sshd {
    if (!this.#server) throw new Error("Cannot use the server of a suite: it has not started yet");
    return this.#server;
  }

  /** Makes a directory with these entries and returns its path. */
  async tree(entries: TreeEntries = {}): Promise<string> {
    if (!this.#directory) throw new Error("Cannot make a tree: the suite has not started yet");
    const path = `${this.#directory.path}/${this.#trees++}`;
    await writeTree(path, entries);
    return path;
  }

  /** Runs a copy to its end. */
  async copy(variant: Variant, copy: Copy): Promise<EscpResult> {
    if (!this.#inProcess || needsProcess(copy)) return await runEscp(this.args(variant, copy), copy);
    const { runInProcess } = await import("./escp/in_process.ts");
    const args = copyArgs(variant, copy, { threads: 0, sshOptions: [] });
    // The receiver has the same records as in another process.
    return await runInProcess(args, { ...variant, home: variant.direction === "push" ? this.sshd.home : undefined });
  }

  /** Starts a copy and returns at once. */
  start(variant: Variant, copy: Copy): Promise<RunningEscp> {
    return startEscp(this.args(variant, copy), copy);
  }

  /** Returns the arguments of a copy in a process of its own. */
  args(variant: Variant, copy: Copy): string[] {
    const escp = `${this.sshd.binDirectory}/${variant.engine}/escp`;
    return copyArgs(variant, copy, { threads: 2, sshOptions: [...this.sshd.sshOptions, "-D", escp] });
  }

  /** Runs `--clean`. The remote escp is the one in PATH unless the flags name another. */
  clean(operands: string[], { flags = [], ...options }: EscpOptions & { flags?: string[] } = {}): Promise<EscpResult> {
    return runEscp([...this.sshd.sshOptions, ...flags, "--clean", ...operands], options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
    await this.#directory?.[Symbol.asyncDispose]();
  }
}

function copyArgs(
  { direction, engine, streams }: Variant,
  { flags = [], sources, target }: Copy,
  { threads, sshOptions }: { threads: number; sshOptions: readonly string[] },
): string[] {
  const operand = (remoteSide: Direction, path: string) => direction === remoteSide ? `testhost:${path}` : path;
  // A busy machine may answer late on a data port. Without this the copy would fall back to ssh and print a note.
  const direct = flags.includes("--tunnel") ? [] : ["--tunnel", "never"];
  return [
    ...(direction === "local" ? [] : [...sshOptions, ...direct]),
    ...["--engine", engine, "-t", `${streams}`, "--threads", `${threads}`],
    ...flags,
    "--",
    ...sources.map((source) => operand("pull", source)),
    operand("push", target),
  ];
}

/** Returns whether a copy runs a certain program, has settings of a process, or uses its open descriptors. */
function needsProcess({ sources, target, flags = [], ...options }: Copy): boolean {
  const { env, cwd, command, namespace, stdin, timeoutMs } = options;
  const isDescriptor = (path: string) => path === "-" || path.startsWith("/dev/") || path.startsWith("/proc/");
  return Deno.env.has("ESCP_BINARY") || flags.includes("-D") || [...sources, target].some(isDescriptor) ||
    [env, cwd, command, namespace, stdin, timeoutMs].some((setting) => setting !== undefined);
}

/** Starts a scene for a single case. */
export async function startScene(options?: SshdOptions): Promise<Scene> {
  const scene = new Scene();
  await scene.open(options);
  return scene;
}

/** Registers a suite that shares one scene. Hooks of the body run while the scene is open. Without sshd it is skipped. */
export function describeWithScene(name: string, body: (scene: Scene) => void): void;
export function describeWithScene(name: string, options: SceneTestOptions, body: (scene: Scene) => void): void;
export function describeWithScene(
  name: string,
  ...rest: [(scene: Scene) => void] | [SceneTestOptions, (scene: Scene) => void]
): void {
  const [{ umask, inProcess, ...options }, body] = rest.length === 1 ? [{} as SceneTestOptions, rest[0]] : rest;
  describeWithSshd(name, options, () => {
    const scene = new Scene({ inProcess });
    let umaskBefore: number | undefined;
    beforeAll(async () => {
      if (umask !== undefined) umaskBefore = Deno.umask(umask);
      await scene.open();
    });
    body(scene);
    afterAll(async () => {
      if (umaskBefore !== undefined) Deno.umask(umaskBefore);
      await scene[Symbol.asyncDispose]();
    });
  });
}

export interface SceneTestOptions extends TestOptions {
  /** File mode creation mask of the test, and of the server with its remote commands. */
  umask?: number;
  /**
   * Whether `copy` runs both ends in the process of the tests, if it has no settings of a process. It does not if ESCP_BINARY
   * is set. Default: false, for suites that need processes, threads or ssh.
   */
  inProcess?: boolean;
}

/** Wraps the escp of both ends, until disposed: lines of shell that run before it, and a prefix of its command line. */
export async function wrapEscp(
  { sshd }: Scene,
  { setup = [], command = [] }: { setup?: string[]; command?: readonly string[] },
): Promise<Disposable> {
  const directories = ENGINES.map((engine) => `${sshd.binDirectory}/${engine}`);
  for (const directory of directories) {
    await Deno.rename(`${directory}/escp`, `${directory}/inner`);
    await writeWrapper(`${directory}/escp`, [...command, `${directory}/inner`], ...setup);
  }
  const local = useAsEscp(await writeWrapper(`${sshd.binDirectory}/wrapped`, [...command, ...escpCommand()], ...setup));
  return {
    [Symbol.dispose]() {
      local[Symbol.dispose]();
      for (const directory of directories) Deno.renameSync(`${directory}/inner`, `${directory}/escp`);
    },
  };
}

function selectEngines(selected: string | undefined): Engine[] {
  const engines = ALL_ENGINES.filter((engine) => engine === selected);
  return engines.length > 0 ? engines : [...ALL_ENGINES];
}
