/** Opens the receiving side of a stream: the target, and the code that only some jobs need. */

import type { FileEngine } from "../../files/engine/engine.ts";
import type { TargetRoot } from "../../files/engine/target_root.ts";
import type { CodecName } from "../../protocol/codec_names.ts";
import type { FinishedFiles } from "../../resume/run/finished_files.ts";
import type { SharedCompletions } from "../../resume/run/completion_log.ts";
import type { EventLoopYielder } from "../../async/event_loop_yielder.ts";
import type { Decompressor } from "../frames/decompressor.ts";
import type { ReceiveRole, StreamJob } from "../run/job.ts";
import { AnnouncedAttributes } from "./announced_attributes.ts";
import type { CompareReceiver } from "./compare_receiver.ts";
import { ReceiveStream, type ReceiveStreamOptions } from "./receive_stream.ts";
import type { SameHostCopier } from "./same_host_copier.ts";

/** Objects that a stream gets from the thread that runs it. */
export interface ReceiverContext
  extends Pick<ReceiveStreamOptions, "job" | "frames" | "host" | "yielder" | "keepAliveMs" | "payloadLimit"> {
  files: FileEngine;
}

/** Returns a stream that is ready to run. @param cleanup closes the stream and its resources. */
export async function openReceiver(
  context: ReceiverContext,
  role: ReceiveRole,
  cleanup: DisposableStack,
): Promise<ReceiveStream> {
  const { job, files, yielder, host } = context;
  const { roots, options, codecs, digests, completions, localCopyPid } = role;
  if (options.xattrs || options.acls) await files.loadXattrs();
  const target = cleanup.adopt(files.openTarget(roots, options), (writer) => {
    writer.abort();
    writer.close();
  });
  const attributes = new AnnouncedAttributes(role, (text) => host.note(text));
  const finished = completions && await openFinished(completions, roots);
  const compareReceiver = await openCompareReceiver(context, role, { finished, attributes }, cleanup);
  const decompressor = codecs.length > 0
    ? cleanup.adopt(await createDecompressor(codecs, job), (each) => each.close())
    : undefined;
  const localCopier = localCopyPid === undefined ? undefined : await openLocalCopier(files, localCopyPid, yielder);
  const digest = digests ? (await import("../../files/target/content_digest.ts")).digestBytes : undefined;
  const stream = new ReceiveStream({
    ...context,
    role,
    target,
    compareReceiver,
    digest,
    finished,
    attributes,
    localCopier,
    decompressor,
  });
  return cleanup.adopt(stream, (each) => each.close());
}

async function createDecompressor(codecs: readonly CodecName[], { cipherEngine }: StreamJob): Promise<Decompressor> {
  const [{ createCodec }, { Decompressor }] = await Promise.all([
    import("../../compress/codecs.ts"),
    import("../frames/decompressor.ts"),
  ]);
  return new Decompressor(codecs.map((codec) => createCodec(codec, cipherEngine)));
}

async function openLocalCopier(files: FileEngine, pid: number, yielder: EventLoopYielder): Promise<SameHostCopier> {
  const { SameHostCopier } = await import("./same_host_copier.ts");
  return new SameHostCopier(files, pid, yielder);
}

async function openFinished(completions: SharedCompletions, roots: readonly TargetRoot[]): Promise<FinishedFiles> {
  const { FinishedFiles } = await import("../../resume/run/finished_files.ts");
  return new FinishedFiles(completions, roots);
}

/** Returns undefined if the sender must not request comparisons. */
async function openCompareReceiver(
  { files, host, yielder }: ReceiverContext,
  { comparison: requested, verify, roots, options, completions, digests, finishes }: ReceiveRole,
  { finished, attributes }: { finished?: FinishedFiles; attributes: AnnouncedAttributes },
  cleanup: DisposableStack,
): Promise<CompareReceiver | undefined> {
  const comparison = requested ?? (completions?.known ? { by: "completions", dryRun: false } as const : undefined);
  if (!comparison && !verify) return undefined;
  const { CompareReceiver } = await import("./compare_receiver.ts");
  const comparer = cleanup.adopt(await files.targetComparer(roots, options), (each) => each.close());
  const isLinking = roots.some((root) => root.kind !== "device" && root.linkDestinations !== undefined);
  const links = isLinking
    ? cleanup.adopt(await files.linkDestinations(roots, options), (each) => each.close())
    : undefined;
  return new CompareReceiver(comparer, {
    comparison,
    links,
    roots,
    verifies: verify,
    replaces: options.replaces !== undefined,
    moves: options.moves,
    digests,
    finishes,
    yielder,
    finished,
    attributes,
    isKept: (backup) => host.isKept(backup),
  });
}
