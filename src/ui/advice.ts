/** From measured facts to sentences: what would make a copy faster. Pure. */

import type { NetworkSettings } from "../protocol/control/probe.ts";
import { asCopied, findBottlenecks, gainOfStreams } from "../doctor/bottleneck.ts";
import { type BottleneckFacts } from "../doctor/step.ts";
import type { Direction, End, Facts } from "../doctor/step.ts";
import { formatBytes, formatCount, formatRate } from "./format.ts";

/** A round trip from which on buffers and losses matter, in milliseconds. */
const LONG_MS = 2;
/** A stream that reaches this share of what its window allows is held up by it. */
const AT_WINDOW = 0.5;
/** Congestion control that takes every lost packet for a full line. */
const BY_LOSS = ["cubic", "reno", "bic", "htcp"];
/** Below this compression is quicker than the network, whatever the processor. */
const SLOW_NETWORK = 100e6;
const MOST_STREAMS = 64;
/** Several streams with this share of the rate of one are too many. */
const WORSE = 0.7;
/** Processes for each core from which on a machine is busy with other things. */
const BUSY_WITH_OTHERS = 0.7;

/** The most helpful first; none: nothing is left to say. */
export function adviceFor(facts: Facts): string[] {
  const bottlenecks = findBottlenecks(facts);
  const is = (...what: BottleneckFacts["what"][]) => bottlenecks.filter((it) => what.includes(it.what));
  return [
    ...new Set([
      ...ports(facts),
      ...others(facts),
      ...engines(facts),
      ...is("network", "one stream").flatMap(({ direction }) => buffers(facts, direction)),
      ...streams(facts, is("one stream")),
      ...fewer(facts),
      ...is("network", "one stream").flatMap(({ direction }) => congestion(facts, direction)),
      ...is("network").flatMap((it) => line(facts, it)),
      ...is("disk").map(disk(facts)),
      ...is("processor", "cipher").map(processor(facts)),
    ]),
  ];
}

function ports({ tunnel, portsToOpen }: Facts): string[] {
  if (tunnel === undefined) return [];
  return [
    `The data goes through ssh (${tunnel}), which is slower: ${portsToOpen}, or name open ones ` +
    'with --escp-portrange or the key "escp-portrange" in the configuration there',
  ];
}

/** What else runs has its part of the processors. */
function others({ system }: Facts): string[] {
  return (["here", "there"] as const).flatMap((end) => {
    const { cores = 1, loadPercent = 0 } = system[end] ?? {};
    const load = loadPercent / 100;
    if (load < BUSY_WITH_OTHERS * cores) return [];
    return [
      `The machine ${end} was busy before anything was measured (load ${load.toFixed(1)} with ${
        formatCount(cores, "core")
      }): ` +
      "when it is not, a copy may be faster than what was found",
    ];
  });
}

function engines({ system }: Facts): string[] {
  return (["here", "there"] as const).flatMap((end) => {
    const facts = system[end];
    if (!facts?.system.startsWith("linux")) return [];
    const missing = [
      ...(facts.cipher.engine === "native" ? [] : ["the cipher"]),
      ...(facts.files === "native" ? [] : ["files"]),
    ];
    if (missing.length === 0) return [];
    return [
      `The engine for ${
        missing.join(" and ")
      } ${end} is the portable one, which is slower: leave out --engine portable ` +
      "there is, and install OpenSSL (libcrypto) where it is missing",
    ];
  });
}

/** What the kernels allow one stream to have under way is compared with bandwidth times round trip. */
function buffers(facts: Facts, direction: Direction): string[] {
  const { roundTripMs, system, throughput } = facts;
  const [from, to]: End[] = direction === "push" ? ["here", "there"] : ["there", "here"];
  const copied = asCopied(facts, direction);
  if (roundTripMs === undefined || roundTripMs < LONG_MS || !copied) return [];
  const perStream = Math.max(
    ...throughput.filter((it) => it.direction === direction).map((it) => it.bytesPerSecond / it.streams),
  );
  const needed = copied.bytesPerSecond * roundTripMs / 1000;
  const limits = [
    // The kernel keeps half of the memory of a receiver for its own (tcp(7), tcp_adv_win_scale).
    { name: "tcp_rmem", end: to, memory: tcpMax(system[to]?.network, "tcpRmemMax"), share: 2 },
    { name: "tcp_wmem", end: from, memory: tcpMax(system[from]?.network, "tcpWmemMax"), share: 1 },
  ];
  return limits.flatMap(({ name, end, memory, share }) => {
    if (memory === undefined) return [];
    const window = memory / share;
    const ceiling = window / roundTripMs * 1000;
    if (perStream < AT_WINDOW * ceiling) return [];
    const wanted = powerOfTwo(Math.max(2 * memory, needed * share));
    const first = name === "tcp_rmem" ? "4096 131072" : "4096 16384";
    return [
      `One stream can have ${formatBytes(window)} under way (net.ipv4.${name} ${end}), which at a round trip of ` +
      `${round(roundTripMs)} ms is ${formatRate(ceiling)}: raise it ${end} with sysctl -w ` +
      `net.ipv4.${name}="${first} ${wanted}"`,
    ];
  });
}

function tcpMax(network: NetworkSettings | undefined, key: "tcpRmemMax" | "tcpWmemMax"): number | undefined {
  return network?.[key] || undefined;
}

function streams(facts: Facts, limited: BottleneckFacts[]): string[] {
  if (limited.length === 0 || facts.streams >= MOST_STREAMS) return [];
  const gains = limited.map(({ direction }) => ({ direction, gain: gainOfStreams(facts, direction) ?? 1 }));
  const { direction, gain } = gains.toSorted((a, b) => b.gain - a.gain)[0];
  const more = Math.min(MOST_STREAMS, 2 * facts.streams);
  return [
    `${facts.streams} streams ${way(facts, direction)} are ${round(gain)} times as fast as one: ` +
    `try more of them, -t ${more}`,
  ];
}

function fewer(facts: Facts): string[] {
  const gains = (["push", "pull"] as const).map((direction) => ({
    direction,
    gain: gainOfStreams(facts, direction) ?? 1,
    // Through ssh there are fewer than were asked for.
    count: asCopied(facts, direction)?.streams,
  }));
  const { direction, gain, count } = gains.toSorted((a, b) => a.gain - b.gain)[0];
  if (gain > WORSE) return [];
  return [`${count} streams ${way(facts, direction)} are ${round(1 / gain)} times as slow as one: try -t 1`];
}

function congestion({ system, roundTripMs = 0, congestion }: Facts, direction: Direction): string[] {
  const end: End = direction === "push" ? "here" : "there";
  const name = congestion ?? system[end]?.network.congestion;
  if (roundTripMs < LONG_MS || name === undefined || !BY_LOSS.includes(name)) return [];
  return [
    `The sender ${end} uses the congestion control ${name}: where a long way loses packets, bbr is faster: ` +
    "--congestion bbr tries it (modprobe tcp_bbr where it is missing)",
  ];
}

function line(facts: Facts, { direction, bytesPerSecond }: BottleneckFacts): string[] {
  if (bytesPerSecond >= SLOW_NETWORK) return [];
  const gain = gainOfStreams(facts, direction);
  const same = gain === undefined ? "" : ", and more streams do not help";
  return [
    `The network carries ${formatRate(bytesPerSecond)} ${way(facts, direction)}${same}: ` +
    "-C helps with what can be compressed, such as text",
  ];
}

function disk({ disk }: Facts): (it: BottleneckFacts) => string {
  return ({ end, direction, bytesPerSecond }) => {
    const directory = disk[end!]?.folder ?? "";
    const act = (direction === "push") === (end === "here") ? "reads" : "writes";
    return `The disk of ${directory} ${end} ${act} ${
      formatRate(bytesPerSecond)
    }, less than network and processors can do: ` +
      "more streams do not help, a directory on another disk does";
  };
}

function processor({ system, cipher }: Facts): (it: BottleneckFacts) => string {
  return ({ what, end }) => {
    const { cores = 1, threads = 0 } = system[end!] ?? {};
    const work = what === "cipher" ? "The cipher" : "What the connections take of the processor";
    const its = cores === 1 ? "its core" : `its ${cores} cores`;
    const smaller = what === "cipher" && cipher[end!]?.name === "aes-256-gcm"
      ? "; aes-128-gcm is faster (--cipher)"
      : "";
    const more = cores > 2 && threads < cores - 1 ? `; more threads can help (--threads ${cores - 1})` : "";
    return `${work} ${end} is the limit, with ${its}: a faster network or disk does not help${smaller}${more}`;
  };
}

function way({ host }: Facts, direction: Direction): string {
  return `${direction === "push" ? "to" : "from"} ${host}`;
}

/** Bytes for a sysctl. */
function powerOfTwo(bytes: number): number {
  return Math.min(2 ** 31 - 1, 2 ** Math.ceil(Math.log2(bytes)));
}

function round(value: number): string {
  return value < 10 ? value.toFixed(1) : String(Math.round(value));
}
