/**
 * Packs small files with the native engine and writes them, as streams do. Prints the number of promises and buffers that
 * were made, as JSON. Arguments: an empty directory, and numbers of files.
 */

import type { FileEngine } from "../../src/files/engine/engine.ts";
import type { TargetRoot } from "../../src/files/engine/target_root.ts";
import { createNativeEngine } from "../../src/files/native/engine.ts";
import { FRAME_HEADER_BYTES } from "../../src/protocol/data/frame.ts";
import { PACK_HEADER_BYTES, readPackHeader } from "../../src/protocol/data/pack.ts";
import { EventLoopYielder } from "../../src/async/event_loop_yielder.ts";
import { FrameSender } from "../../src/streams/frames/frame_sender.ts";
import { type FrameWriter, viewOf } from "../../src/streams/frames/frames.ts";
import { PackReceiver } from "../../src/streams/receive/pack_receiver.ts";
import { PackSender } from "../../src/streams/send/pack_sender.ts";
import { beginPack } from "../../src/streams/send/sent_pack.ts";
import type { PackUnit } from "../../src/streams/unit.ts";

/** Numbers of objects. */
interface Made {
  /** Promises, including those of async functions and of await. */
  promises: number;
  /** ArrayBuffers and their views. */
  buffers: number;
}

/** Objects that one run has made. */
export interface MadeInRun {
  sent: Made;
  received: Made;
}

const PAYLOAD_LIMIT = 2 << 20;

/** Keeps the payloads of frames instead of sending them. */
class KeptFrames {
  readonly payloads: Uint8Array<ArrayBuffer>[] = [];

  seal(_kind: number, bytes: Uint8Array<ArrayBuffer>, at: number, payloadBytes: number): void {
    this.payloads.push(bytes.slice(at + FRAME_HEADER_BYTES, at + FRAME_HEADER_BYTES + payloadBytes));
  }

  async send(): Promise<void> {}
}

async function run(engine: FileEngine, directory: string, files: number): Promise<MadeInRun> {
  const from = `${directory}/${files}`;
  const { dev, ino } = Deno.statSync(from);
  const roots = [{ path: from, name: "from", kind: "folder" as const, identity: { dev, inode: ino! }, size: 0 }];
  const units = await unitsOf(engine, roots);
  const frames = new KeptFrames();
  const reader = engine.sourceReader(roots);
  const yielder = new EventLoopYielder();
  const out = new FrameSender(frames as unknown as FrameWriter, PAYLOAD_LIMIT, yielder);
  const sender = new PackSender(reader, out);
  const sent = await madeBy(async () => {
    for (const unit of units) {
      await sender.send(unit, beginPack(unit));
      await out.flush();
    }
  });
  reader.close();

  const to = Deno.makeTempDirSync({ dir: directory });
  const targets: TargetRoot[] = [{ kind: "folder", path: to, created: false }];
  const target = engine.openTarget(targets, { preserve: true, umask: 0o022, token: "probe" });
  const receiver = new PackReceiver(target, targets);
  const received = await madeBy(async () => {
    for (const payload of frames.payloads) {
      const header = readPackHeader(viewOf(payload), 0, payload.length, PAYLOAD_LIMIT);
      const { report } = await receiver.receive(header, {
        bytes: payload,
        start: PACK_HEADER_BYTES,
        end: payload.length,
      });
      if (report.failures.length > 0) throw new Error(report.failures[0].message);
    }
  });
  target.close();
  yielder.close();
  const written = [...Deno.readDirSync(to)].length;
  if (written !== files) throw new Error(`${written} files were written`);
  Deno.removeSync(to, { recursive: true });
  return { sent, received };
}

async function madeBy(work: () => Promise<void>): Promise<Made> {
  const before = { ...made };
  await work();
  return { promises: made.promises - before.promises, buffers: made.buffers - before.buffers };
}

const made: Made = { promises: 0, buffers: 0 };

/** Starts to count objects of the whole program. */
function count(): void {
  // The hook of async_hooks: promises of async functions are not visible otherwise.
  const ignore = () => {};
  const { core } = (Deno as unknown as { [key: symbol]: { core: RuntimeCore } })[DENO_INTERNAL];
  core.setPromiseHooks(() => made.promises++, ignore, ignore, ignore);

  const scope = globalThis as unknown as Record<string, new (...args: unknown[]) => unknown>;
  for (const name of ["ArrayBuffer", "DataView", "Uint8Array", "Uint16Array", "Uint32Array", "BigInt64Array"]) {
    scope[name] = new Proxy(scope[name], {
      construct(target, args, newTarget) {
        made.buffers++;
        return Reflect.construct(target, args, newTarget);
      },
    });
  }
  countCalls(Object.getPrototypeOf(Uint8Array.prototype), "subarray", "slice");
  countCalls(ArrayBuffer.prototype, "slice");
  countCalls(TextEncoder.prototype, "encode");
}

/** Counts methods that make a buffer without calling its constructor. */
function countCalls(prototype: object, ...names: string[]): void {
  for (const name of names) {
    const original = Reflect.get(prototype, name) as (...args: unknown[]) => unknown;
    Object.defineProperty(prototype, name, {
      value(this: unknown, ...args: unknown[]) {
        made.buffers++;
        return original.apply(this, args);
      },
    });
  }
}

const DENO_INTERNAL = (Deno as unknown as { internal: symbol }).internal;

interface RuntimeCore {
  setPromiseHooks(init: () => void, before: () => void, after: () => void, resolve: () => void): void;
}

async function unitsOf(engine: FileEngine, roots: Parameters<FileEngine["walk"]>[0]): Promise<PackUnit[]> {
  const walk = engine.walk(roots, { recursive: true });
  const units: PackUnit[] = [];
  for (let item = await walk.next(); item; item = await walk.next()) {
    if (item.type !== "pack") throw new Error(`The walk has found something else: ${item.type}`);
    units.push({ type: "pack", unit: units.length, attempt: 0, plan: item.plan, records: item.records });
  }
  walk.close();
  return units;
}

if (import.meta.main) {
  const [directory, ...counts] = Deno.args;
  const { engine } = createNativeEngine();
  for (const files of counts) {
    Deno.mkdirSync(`${directory}/${files}`);
    for (let file = 0; file < Number(files); file++) Deno.writeTextFileSync(`${directory}/${files}/${file}`, "small");
  }
  count();
  const results: MadeInRun[] = [];
  for (const files of counts) results.push(await run(engine, directory, Number(files)));
  console.log(JSON.stringify(results));
}
