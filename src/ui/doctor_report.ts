/** The steps of `--doctor` as lines for a person. Pure. */

import type { BottleneckFacts } from "../doctor/step.ts";
import type { Direction, Step } from "../doctor/step.ts";
import { printable } from "../escape_text.ts";
import type { SystemFacts } from "../protocol/control/probe.ts";
import { formatBytes, formatCount, formatRate } from "./format.ts";

/** Where names and findings begin. */
const NAME_COLUMN = 9;
const COLUMN = 24;

/** How it is shown. */
export interface DoctorView {
  /** Rates in bits. */
  bits: boolean;
  /** As messages name the other end. */
  host: string;
}

/** Lines without their breaks, safe for a terminal: the finding, more of it, the reason of a failure, and the hint. */
export function renderStep(step: Step, view: DoctorView): string[] {
  const found = describe(step, view);
  const status = step.step === "bottleneck" || step.step === "advice" ? "" : step.status;
  const reason = step.problem === undefined ? [] : [step.problem];
  const [first, ...more] = [...found, ...reason];
  const hint = step.hint === undefined ? [] : [`hint: ${step.hint}`];
  const head = status.padEnd(NAME_COLUMN) + nameOf(step).padEnd(COLUMN - NAME_COLUMN) + (first ?? "");
  return [head, ...[...more, ...hint].map((line) => " ".repeat(COLUMN) + line)].map((line) =>
    printable(line.replaceAll("\n", " ").trimEnd())
  );
}

function nameOf(step: Step): string {
  switch (step.step) {
    case "system":
    case "disk":
    case "cipher":
      return `${step.step} ${step.end}`;
    default:
      return step.step;
  }
}

/** What was found; nothing where a reason takes its place. */
function describe(step: Step, view: DoctorView): string[] {
  const rate = (bytesPerSecond: number) => formatRate(bytesPerSecond, view);
  switch (step.step) {
    case "login":
      return step.seconds === undefined
        ? step.status === "ok" ? [step.host] : []
        : [`${step.host}, ${step.seconds.toFixed(2)} s until escp there said hello`];
    case "escp":
      return step.version === undefined ? [] : [`${step.version} there, ${step.versionHere} here`];
    case "system":
      return step.system ? describeSystem(step.system) : [];
    case "ports": {
      const way = step.tunnel === undefined ? step.address : `through ssh (${step.tunnel})`;
      const tried = step.attempts.filter(({ problem }) => problem !== undefined);
      const chosen = step.attempts.find(({ problem }) => problem === undefined);
      const direct = step.tunnel === undefined ? chosen?.way ?? way : way;
      return [...(direct === undefined ? [] : [direct]), ...tried.map(({ way, problem }) => `${way}: ${problem}`)];
    }
    case "round trip": {
      const over = step.over === "control" ? "the control channel" : "a stream";
      return [step.ms === undefined ? `over ${over}` : `${formatMs(step.ms)} over ${over}`];
    }
    case "throughput": {
      const what = `${way(step.direction, view)}, ${formatCount(step.streams, "stream")}`;
      if (step.bytesPerSecond === undefined) return [what];
      const there = step.coresThere === undefined ? "" : `, ${step.coresThere.toFixed(1)} there`;
      return [`${rate(step.bytesPerSecond)} ${what}; busy cores: ${(step.coresHere ?? 0).toFixed(1)} here${there}`];
    }
    case "disk": {
      if (!step.disk) return [];
      const { folder, bytes, writeBytesPerSecond, readBytesPerSecond, cached } = step.disk;
      const memory = cached ? " (from memory)" : "";
      return [
        `writes ${rate(writeBytesPerSecond)}, reads ${rate(readBytesPerSecond)}${memory}; ${
          formatBytes(bytes)
        } in ${folder}`,
      ];
    }
    case "cipher":
      return step.cipher ? [`${rate(step.cipher.bytesPerSecond)} a core, ${step.cipher.name}`] : [];
    case "bottleneck":
      return [`${way(step.direction, view)}: ${describeBottleneck(step)}, ${rate(step.bytesPerSecond)}`];
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

/** What keeps a copy from being faster, in words. */
function describeBottleneck({ what, end }: BottleneckFacts): string {
  switch (what) {
    case "network":
      return "the network";
    case "one stream":
      return "what the network gives to each stream";
    case "ssh":
      return "the way through ssh";
    case "processor":
      return `the processor ${end}`;
    case "cipher":
      return `the cipher ${end}`;
    case "disk":
      return `the disk ${end}`;
  }
}

function way(direction: Direction, { host }: DoctorView): string {
  return direction === "push" ? `to ${host}` : `from ${host}`;
}

function formatMs(ms: number): string {
  return `${ms < 10 ? ms.toFixed(2) : ms.toFixed(1)} ms`;
}
