import { assert, assertEquals } from "@std/assert";
import { afterAll, beforeAll, describe, it } from "@std/testing/bdd";
import { FrameKind } from "../../src/protocol/data/frame.ts";
import { HELLO_MAGIC, parseHello } from "../../src/protocol/control/hello.ts";
import { formatPreamble } from "../../src/protocol/data/preamble.ts";
import type { WirePath } from "../../src/protocol/wire_path.ts";
import golden from "../protocol/golden/version_1.json" with { type: "json" };
import { listNames } from "../support/files/list_names.ts";
import { compareTrees } from "../support/files/compare_trees.ts";
import { RandomBytes } from "../support/files/random_bytes.ts";
import type { TempDirectory } from "../support/files/temp.ts";
import { createTempTree } from "../support/files/temp_tree.ts";
import { createDamagedPipe, createPipe } from "./damaged_pipe.ts";
import { mutate, noise } from "./mutate.ts";
import {
  type Copying,
  type Ending,
  isExpected,
  type Pipes,
  runClient,
  runHostileClient,
  runHostileRemote,
  runRemote,
  type Trick,
} from "./session_ends.ts";

/** Number of sessions per test; `deno task soak` runs more. */
const ROUNDS = Deno.env.has("ESCP_SOAK") ? 300 : 40;
/** Maximum duration of a session. */
const LIMIT_MS = 20_000;
/** Maximum growth of memory over all sessions, in bytes. */
const MOST_MEMORY = 200 << 20;
const ENGINES = Deno.build.os === "linux" ? ["native", "portable"] as const : ["portable"] as const;
const DIRECTIONS = ["push", "pull"] as const;
const ATTRIBUTES = { mode: 0o644, uid: 0, gid: 0, mtime: 0, mtimeNs: 0, atime: 0, atimeNs: 0 };
/** Size of the large file that is copied. */
const SENT_BYTES = 2 << 20;
/** Size of the files that a hostile sender announces. */
const LARGE_BYTES = 4 << 20;

/** Runs one session. @returns the outcomes of its ends. */
type Round = (copy: Copying, random: RandomBytes) => Promise<Ending[]>;

describe("a session with a hostile peer ends without a bug, and changes nothing outside its target", () => {
  let from: TempDirectory;
  beforeAll(async () => {
    from = await createTempTree({ "small": "small", "sub/b": "b", "large": { size: SENT_BYTES } });
  });
  afterAll(() => from[Symbol.asyncDispose]());

  /** Runs many sessions. Memory is compared with its state after the first ten, which allocate buffers. */
  async function rounds(name: string, direction: Copying["direction"], round: Round): Promise<void> {
    let atFirst = Infinity;
    for (let number = 0; number < ROUNDS; number++) {
      const random = new RandomBytes(`${name} ${direction} ${number}`);
      const engine = ENGINES[random.below(ENGINES.length)];
      await using tree = await createTempTree({ "outside": "untouched", "to/planted": { link: ".." } });
      const copy = { direction, engine, from: from.path, to: `${tree.path}/to` };
      const where = `${name}, ${direction}, ${engine}, round ${number}`;
      for (const ending of await inTime(round(copy, random), where)) {
        if (!isExpected(ending)) throw new Error(`Unexpected error: ${where}`, { cause: ending.error });
      }
      assertEquals(await Deno.readTextFile(`${tree.path}/outside`), "untouched", where);
      assertEquals(listNames(tree.path), ["outside", "to"], where);
      const { rss } = Deno.memoryUsage();
      if (number === 9) atFirst = rss;
      assert(rss - atFirst < MOST_MEMORY, `${rss - atFirst} bytes more than at first: ${where}`);
    }
  }

  for (const direction of DIRECTIONS) {
    for (const end of ["toClient", "toRemote"] as const) {
      it(`with a damaged control channel ${end === "toClient" ? "to" : "from"} the client: ${direction}`, async () => {
        const seen = { ended: 0, copied: 0 };
        await rounds(`control ${end}`, direction, async (copy, random) => {
          // The hello is the second line of the remote end. The first line of the client names the target, so it stays.
          const first = end === "toClient" ? 0 : 1;
          const damaged = createDamagedPipe(random, first + random.below(8), random.below(3));
          const pipes = { toClient: createPipe(), toRemote: createPipe(), [end]: damaged };
          const endings = await Promise.all([runClient(copy, pipes), runRemote(copy, pipes)]);
          seen[endings.some(({ error }) => error) ? "ended" : "copied"]++;
          return endings;
        });
        assert(seen.ended > 0, JSON.stringify(seen));
      });
    }

    it(`with strangers on the data port, without and with a wrong proof: ${direction}`, async () => {
      await rounds("strangers", direction, async (copy, random) => {
        const strangers: Deno.TcpConn[] = [];
        const pipes = {
          toRemote: createPipe(),
          toClient: createPipe({ replace: (line) => admit(line, random, strangers) }),
        };
        const endings = await Promise.all([runClient(copy, pipes), runRemote(copy, pipes)]);
        for (const conn of strangers) conn.close();
        assert(strangers.length > 0);
        assertEquals(endings.map(({ error }) => error), [undefined, undefined]);
        await Deno.remove(`${copy.to}/planted`);
        assertEquals(await compareTrees(copy.from, copy.to), []);
        return endings;
      });
    });

    it(`with damaged payloads in valid frames from the client: ${direction}`, async () => {
      await rounds("frames of the client", direction, async (copy, random) => {
        const pipes = openPipes();
        const remote = runRemote(copy, pipes);
        await runHostileClient(copy, pipes, garbage(random, direction === "push"));
        return [await remote];
      });
    });

    it(`with damaged payloads in valid frames from the remote end: ${direction}`, async () => {
      await rounds("frames of the remote end", direction, async (copy, random) => {
        const pipes = openPipes();
        const client = runClient(copy, pipes);
        await runHostileRemote(copy, pipes, garbage(random, direction === "pull"));
        return [await client];
      });
    });
  }
});

const openPipes = (): Pipes => ({ toRemote: createPipe(), toClient: createPipe() });

/** Valid payloads of a sender and a receiver. */
const SAMPLES = {
  sender: [
    { kind: FrameKind.pack, payload: Uint8Array.fromHex(golden.pack.bytes) },
    ...golden.blocks.map(({ payload }) => ({ kind: FrameKind.block, payload: Uint8Array.fromHex(payload) })),
    ...golden.signatureRequests.map(({ bytes }) => ({ kind: FrameKind.signature, payload: Uint8Array.fromHex(bytes) })),
  ],
  receiver: [...golden.results, ...golden.signatures].map(({ bytes }) => {
    return { kind: FrameKind.result, payload: Uint8Array.fromHex(bytes) };
  }),
};

/** Sends messages of the role, and frames with damaged payloads. */
function garbage(random: RandomBytes, sends: boolean): Trick {
  return async ({ control }, stream) => {
    const samples = SAMPLES[sends ? "sender" : "receiver"];
    if (sends) {
      for (let file = 0; file < 4; file++) {
        const path = `large ${file}` as WirePath;
        control.send({ type: "open", file, root: 0, path, size: LARGE_BYTES, attributes: ATTRIBUTES });
      }
    } else {
      while ((await control.expect("open", "totals", "note")).type !== "open");
      const missing = [{ start: 0, end: SENT_BYTES }];
      control.send({ type: "opened", file: 0, missing, sequential: random.below(2) === 0 });
    }
    for (let frames = random.below(6); frames >= 0; frames--) {
      const { kind, payload } = samples[random.below(samples.length)];
      const other = random.below(8) === 0 ? random.below(16) : kind;
      await stream.send(other, random.below(5) === 0 ? noise(5000, random) : mutate(payload, random));
    }
    if (random.below(2) === 0) await stream.end();
  };
}

/** Connects strangers before the client receives the port. */
async function admit(line: Uint8Array, random: RandomBytes, strangers: Deno.TcpConn[]): Promise<Uint8Array> {
  const text = new TextDecoder().decode(line).trimEnd();
  if (!text.startsWith(HELLO_MAGIC)) return line;
  const { port, session } = parseHello(text);
  for (let count = 0; count < 12; count++) {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    strangers.push(conn);
    const preamble = formatPreamble(session, random.below(3));
    const proof = noise(200, random);
    const bytes = [new Uint8Array(), noise(300, random), mutate(preamble, random), preamble][count % 4];
    await conn.write(bytes);
    if (count % 4 > 1) await conn.write(proof);
  }
  return line;
}

async function inTime<T>(work: Promise<T>, where: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Timeout: ${where}`)), LIMIT_MS);
  });
  return await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
