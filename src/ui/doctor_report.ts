/** Renders the steps of `--doctor` as lines for users. Pure. */

import type { BottleneckFacts, Direction, End, Step, StepFacts } from "../doctor/step.ts";
import { printable } from "../escape_text.ts";
import { describeTunnel } from "../net/tunnel.ts";
import type { SystemFacts } from "../protocol/control/probe.ts";
import { formatBytes, formatCount, formatRate } from "./format.ts";
import { wrapText } from "./wrap_text.ts";

/** Columns of the names and results. */
const NAME_COLUMN = 9;
export const RESULT_COLUMN = 24;

const END_NAMES: Record<End, string> = { here: "local", there: "remote" };

/** Options of the view. */
export interface DoctorView {
  /** Whether to show rates in bits. */
  bits: boolean;
  /** Name of the remote host in messages. */
  host: string;
  /** Maximum width of lines in columns; undefined: lines are not wrapped. */
  width?: number;
}

/** Minimum width of results beside their names. On a narrower screen they are below. */
const MIN_RESULT = 24;
/** Indent of results below their names. */
const NARROW_INDENT = "    ";

/** Returns escaped lines without line breaks: the results, the reason of a failure, and the hint. */
export function renderStep(step: Step, view: DoctorView): string[] {
  const found = describe(step, view);
  const status = step.step === "bottleneck" || step.step === "advice" ? "" : step.status;
  const reason = step.problem === undefined ? [] : [step.problem];
  const [first, ...more] = [...found, ...reason];
  const hint = step.hint === undefined ? [] : [`hint: ${step.hint}`];
  const head = status.padEnd(NAME_COLUMN) + nameOf(step).padEnd(RESULT_COLUMN - NAME_COLUMN);
  return [...layOut(head, first ?? "", view), ...[...more, ...hint].flatMap((line) => layOut("", line, view))];
}

/** Returns the lines of a result, with a hanging indent. */
function layOut(head: string, result: string, { width }: DoctorView): string[] {
  const text = printable(result.replaceAll("\n", " "));
  const indent = " ".repeat(RESULT_COLUMN);
  if (width === undefined) return [(head.padEnd(RESULT_COLUMN) + text).trimEnd()];
  if (width - RESULT_COLUMN < MIN_RESULT) {
    const lines = wrapText(text, width - NARROW_INDENT.length).map((line) => NARROW_INDENT + line);
    return [head, ...lines].map((line) => line.trimEnd()).filter((line) => line !== "");
  }
  const [first, ...more] = wrapText(text, width - RESULT_COLUMN);
  return [head.padEnd(RESULT_COLUMN) + first, ...more.map((line) => indent + line)].map((line) => line.trimEnd());
}

/** Returns the name of a step in progress, not escaped. */
export function nameRunningStep(step: StepFacts, { host }: Pick<DoctorView, "host">): string {
  if (step.step !== "throughput") return nameOf(step);
  return `throughput ${toOrFrom(step.direction, host)}, ${formatCount(step.streams, "stream")}`;
}

function nameOf(step: StepFacts): string {
  switch (step.step) {
    case "system":
    case "disk":
    case "cipher":
      return `${END_NAMES[step.end]} ${step.step}`;
    default:
      return step.step;
  }
}

/** Returns the results; nothing if the step failed without any. */
function describe(step: Step, view: DoctorView): string[] {
  const rate = (bytesPerSecond: number) => formatRate(bytesPerSecond, view);
  switch (step.step) {
    case "login":
      return step.seconds === undefined
        ? step.status === "ok" ? [step.host] : []
        : [`${step.host}, ${step.seconds.toFixed(2)} s until the remote escp answered`];
    case "escp":
      return step.version === undefined ? [] : [`remote ${step.version}, local ${step.versionHere}`];
    case "system":
      return step.system ? describeSystem(step.system) : [];
    case "ports": {
      const chosen = step.attempts.find(({ problem }) => problem === undefined);
      const route = step.tunnel === undefined ? chosen?.way ?? step.address : `through ${describeTunnel(step.tunnel)}`;
      const failed = step.attempts.filter(({ problem }) => problem !== undefined);
      return [...(route === undefined ? [] : [route]), ...failed.map(({ way, problem }) => `${way}: ${problem}`)];
    }
    case "round trip": {
      const over = step.over === "control" ? "the control channel" : "a stream";
      return [step.ms === undefined ? `over ${over}` : `${formatMs(step.ms)} over ${over}`];
    }
    case "throughput": {
      const what = `${toOrFrom(step.direction, view.host)}, ${formatCount(step.streams, "stream")}`;
      if (step.bytesPerSecond === undefined) return [what];
      const remote = step.coresThere === undefined ? "" : `, ${step.coresThere.toFixed(1)} remote`;
      return [`${rate(step.bytesPerSecond)} ${what}; busy cores: ${(step.coresHere ?? 0).toFixed(1)} local${remote}`];
    }
    case "disk": {
      if (!step.disk) return [];
      const { folder, bytes, writeBytesPerSecond, readBytesPerSecond, cached } = step.disk;
      const memory = cached ? " (cached)" : "";
      return [
        `writes ${rate(writeBytesPerSecond)}, reads ${rate(readBytesPerSecond)}${memory}; ${
          formatBytes(bytes)
        } in ${folder}`,
      ];
    }
    case "cipher":
      return step.cipher ? [`${rate(step.cipher.bytesPerSecond)} per core, ${step.cipher.name}`] : [];
    case "bottleneck":
      return [`${toOrFrom(step.direction, view.host)}: ${describeBottleneck(step)}, ${rate(step.bytesPerSecond)}`];
    case "advice":
      return [step.text];
  }
}

function describeSystem(
  { system, cores, loadPercent, threads, cipher, files, codecs, notes, network }: SystemFacts,
): string[] {
  const engines = `cipher ${cipher.engine} (${cipher.library}), files ${files}`;
  const settings = [
    network.congestion === undefined ? undefined : `congestion control ${network.congestion}`,
    ...([
      ["net.core.rmem_max", network.rmemMax],
      ["net.core.wmem_max", network.wmemMax],
      ["tcp_rmem", network.tcpRmemMax],
      ["tcp_wmem", network.tcpWmemMax],
    ] as const).map(([name, bytes]) => bytes === undefined ? undefined : `${name} ${formatBytes(bytes)}`),
  ].filter((text) => text !== undefined);
  return [
    `${system}, ${formatCount(cores, "core")}, ${formatCount(threads, "thread")} for streams, ${engines}`,
    `codecs ${codecs.join(", ")}` + (loadPercent === undefined ? "" : `, load ${(loadPercent / 100).toFixed(1)}`),
    ...(settings.length > 0 ? [settings.join(", ")] : []),
    ...notes,
  ];
}

/** Returns the name of a bottleneck, such as `the remote disk`. */
export function describeBottleneck({ what, end }: BottleneckFacts): string {
  const place = end && END_NAMES[end];
  switch (what) {
    case "network":
      return "the network";
    case "one stream":
      return "the rate of each stream";
    case "ssh":
      return "the tunnel";
    case "processor":
      return `the ${place} processor`;
    case "cipher":
      return `the ${place} cipher`;
    case "disk":
      return `the ${place} disk`;
  }
}

/** Returns `to web1` for a push, `from web1` for a pull. */
export function toOrFrom(direction: Direction, host: string): string {
  return direction === "push" ? `to ${host}` : `from ${host}`;
}

function formatMs(ms: number): string {
  return `${ms < 10 ? ms.toFixed(2) : ms.toFixed(1)} ms`;
}
