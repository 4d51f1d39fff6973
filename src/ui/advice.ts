/** Derives advice for faster copies from the facts of `--doctor`. Pure. */

import { recommendsNewerOpenssl } from "../crypto/vector_aes.ts";
import { describeTunnel } from "../net/tunnel.ts";
import type { NetworkSettings } from "../protocol/control/probe.ts";
import { findBottlenecks, gainOfStreams, transferWithMostStreams } from "../doctor/bottleneck.ts";
import type { BottleneckFacts, Direction, End, Facts } from "../doctor/step.ts";
import { toOrFrom } from "./doctor_report.ts";
import { formatBytes, formatCount, formatRate } from "./format.ts";

/** Round trip from which on buffers and packet loss matter, in milliseconds. */
const LONG_MS = 2;
/** Share of the maximum rate of its window from which on the window limits a stream. */
const AT_WINDOW = 0.5;
/** Congestion controls that reduce the rate at every lost packet. */
const LOSS_BASED = ["cubic", "reno", "bic", "htcp"];
/** Rate below which compression is faster than the network on any processor. */
const SLOW_NETWORK = 100e6;
const MAX_STREAMS = 64;
/** Rate of several streams, as a share of that of one stream, from which on down one stream is better. */
const WORSE = 0.7;
/** Load per core from which on a machine is busy with other processes. */
const BUSY_LOAD = 0.7;

/** Returns advice, the most helpful first. */
export function adviceFor(facts: Facts): string[] {
  const bottlenecks = findBottlenecks(facts);
  const of = (...what: BottleneckFacts["what"][]) => bottlenecks.filter((it) => what.includes(it.what));
  return [
    ...new Set([
      ...ports(facts),
      ...load(facts),
      ...engines(facts),
      ...of("network", "one stream").flatMap(({ direction }) => buffers(facts, direction)),
      ...moreStreams(facts, of("one stream")),
      ...fewerStreams(facts),
      ...of("network", "one stream").flatMap(({ direction }) => congestion(facts, direction)),
      ...of("network").flatMap((it) => slowNetwork(facts, it)),
      ...of("disk").map((it) => disk(facts, it)),
      ...of("processor", "cipher").map((it) => processor(facts, it)),
      ...newerOpenssl(facts),
    ]),
  ];
}

function ports({ host, tunnel, portsToOpen, requestsPorts }: Facts): string[] {
  // Behind a jump host there is no port to open.
  if (tunnel === undefined || portsToOpen === undefined) return [];
  const others = requestsPorts
    ? ""
    : `, or name open ports with --escp-portrange or the key "escp-portrange" in the configuration on ${host}`;
  return [`The data goes through ${describeTunnel(tunnel)}, which is slower. ${portsToOpen}${others}`];
}

/** Reports machines that are busy with other processes. */
function load(facts: Facts): string[] {
  return (["here", "there"] as const).flatMap((end) => {
    const { cores = 1, loadPercent = 0 } = facts.system[end] ?? {};
    const load = loadPercent / 100;
    if (load < BUSY_LOAD * cores) return [];
    return [
      `${machine(facts, end)} was busy before the measurements (load ${load.toFixed(1)} with ` +
      `${formatCount(cores, "core")}). When it is idle, a copy may be faster`,
    ];
  });
}

function engines(facts: Facts): string[] {
  return (["here", "there"] as const).flatMap((end) => {
    const system = facts.system[end];
    if (!system?.system.startsWith("linux")) return [];
    const portable = [
      ...(system.cipher.engine === "native" ? [] : ["the cipher"]),
      ...(system.files === "native" ? [] : ["files"]),
    ];
    if (portable.length === 0) return [];
    return [
      `The engine for ${portable.join(" and ")} on ${machineName(facts, end)} is the portable one, which is slower. ` +
      "Remove --engine portable, and install OpenSSL (libcrypto) if it is missing",
    ];
  });
}

/** Compares the maximum window of one stream with bandwidth times round trip. */
function buffers(facts: Facts, direction: Direction): string[] {
  const { roundTripMs, system, throughput } = facts;
  const [from, to]: End[] = direction === "push" ? ["here", "there"] : ["there", "here"];
  const copied = transferWithMostStreams(facts, direction);
  if (roundTripMs === undefined || roundTripMs < LONG_MS || !copied) return [];
  const perStream = Math.max(
    ...throughput.filter((it) => it.direction === direction).map((it) => it.bytesPerSecond / it.streams),
  );
  const needed = copied.bytesPerSecond * roundTripMs / 1000;
  const limits = [
    // The kernel reserves half of the receive buffer for itself (tcp_adv_win_scale of tcp(7)).
    { name: "tcp_rmem", end: to, memory: tcpMax(system[to]?.network, "tcpRmemMax"), share: 2 },
    { name: "tcp_wmem", end: from, memory: tcpMax(system[from]?.network, "tcpWmemMax"), share: 1 },
  ];
  return limits.flatMap(({ name, end, memory, share }) => {
    if (memory === undefined) return [];
    const window = memory / share;
    const ceiling = window / roundTripMs * 1000;
    if (perStream < AT_WINDOW * ceiling) return [];
    const bytes = powerOfTwo(Math.max(2 * memory, needed * share));
    const first = name === "tcp_rmem" ? "4096 131072" : "4096 16384";
    const place = machineName(facts, end);
    return [
      `The window of one stream is limited to ${formatBytes(window)} by net.ipv4.${name} on ${place}, ` +
      `which allows ${formatRate(ceiling)} at a round trip of ${round(roundTripMs)} ms. ` +
      `Raise the limit on ${place}: sysctl -w net.ipv4.${name}="${first} ${bytes}"`,
    ];
  });
}

function tcpMax(network: NetworkSettings | undefined, key: "tcpRmemMax" | "tcpWmemMax"): number | undefined {
  return network?.[key] || undefined;
}

function moreStreams(facts: Facts, limited: BottleneckFacts[]): string[] {
  if (limited.length === 0 || facts.streams >= MAX_STREAMS) return [];
  const gains = limited.map(({ direction }) => ({ direction, gain: gainOfStreams(facts, direction) ?? 1 }));
  const { direction, gain } = gains.toSorted((a, b) => b.gain - a.gain)[0];
  const more = Math.min(MAX_STREAMS, 2 * facts.streams);
  return [
    `${facts.streams} streams ${toOrFrom(direction, facts.host)} are ${round(gain)} times as fast as one. ` +
    `Try more streams: -t ${more}`,
  ];
}

function fewerStreams(facts: Facts): string[] {
  const gains = (["push", "pull"] as const).map((direction) => ({
    direction,
    gain: gainOfStreams(facts, direction) ?? 1,
    // A tunnel through ssh may have fewer streams than requested.
    count: transferWithMostStreams(facts, direction)?.streams,
  }));
  const { direction, gain, count } = gains.toSorted((a, b) => a.gain - b.gain)[0];
  if (gain > WORSE) return [];
  return [
    `${count} streams ${toOrFrom(direction, facts.host)} are ${
      round(1 / gain)
    } times as slow as one. Try one stream: -t 1`,
  ];
}

function congestion(facts: Facts, direction: Direction): string[] {
  const end: End = direction === "push" ? "here" : "there";
  const system = facts.system[end];
  // Other systems have no choice of congestion controls.
  if (!system?.system.startsWith("linux")) return [];
  const name = facts.congestion ?? system.network.congestion;
  if ((facts.roundTripMs ?? 0) < LONG_MS || name === undefined || !LOSS_BASED.includes(name)) return [];
  return [
    `${machine(facts, end)} sends with the congestion control ${name}. If a long link loses packets, bbr is faster. ` +
    "Try --congestion bbr (run modprobe tcp_bbr if it is missing)",
  ];
}

function slowNetwork(facts: Facts, { direction, bytesPerSecond }: BottleneckFacts): string[] {
  if (bytesPerSecond >= SLOW_NETWORK) return [];
  const streams = gainOfStreams(facts, direction) === undefined ? "" : ", and more streams do not help";
  return [
    `The network carries ${formatRate(bytesPerSecond)} ${toOrFrom(direction, facts.host)}${streams}. ` +
    "Try -C for data that compresses, such as text",
  ];
}

function disk(facts: Facts, { end, direction, bytesPerSecond }: BottleneckFacts): string {
  const directory = facts.disk[end!]?.folder ?? "";
  const verb = (direction === "push") === (end === "here") ? "reads" : "writes";
  const rate = formatRate(bytesPerSecond);
  return `The disk of ${directory} on ${machineName(facts, end!)} ${verb} ${rate}, less than network ` +
    "and processors allow. More streams do not help. Use a directory on another disk";
}

function processor(facts: Facts, { what, end }: BottleneckFacts): string {
  const { cores = 1, threads = 0 } = facts.system[end!] ?? {};
  const name = machineName(facts, end!);
  const limit = what === "cipher" ? `The cipher on ${name} is` : `The processor time for connections on ${name} is`;
  const smaller = what === "cipher" && facts.cipher[end!]?.name === "aes-256-gcm"
    ? ". Try the faster cipher aes-128-gcm (--cipher)"
    : "";
  const more = cores > 2 && threads < cores - 1 ? `. Try more threads (--threads ${cores - 1})` : "";
  const count = formatCount(cores, "core");
  return `${limit} the limit, with ${count}. A faster network or disk does not help${smaller}${more}`;
}

/** Recommends a newer OpenSSL. The gain was measured with 3.0 and 3.5 (scripts/bench/FIGURES.md). */
function newerOpenssl(facts: Facts): string[] {
  return (["here", "there"] as const).flatMap((end) => {
    const system = facts.system[end];
    if (system === undefined || !recommendsNewerOpenssl(system.cipher.library, system.notes)) return [];
    return [
      `OpenSSL 3.2 or later takes about a fifth less processor time per GiB on ${machineName(facts, end)}, whose ` +
      `processor has vector AES (VAES); ${system.cipher.library} does not use that. Install a newer OpenSSL, or name ` +
      "its libcrypto with ESCP_LIBCRYPTO on that machine",
    ];
  });
}

/** Returns the name of a machine for the start of a sentence. */
function machine(facts: Facts, end: End): string {
  return end === "here" ? "This machine" : facts.host;
}

function machineName(facts: Facts, end: End): string {
  return end === "here" ? "this machine" : facts.host;
}

/** Rounds up to a power of two for a sysctl. */
function powerOfTwo(bytes: number): number {
  return Math.min(2 ** 31 - 1, 2 ** Math.ceil(Math.log2(bytes)));
}

function round(value: number): string {
  return value < 10 ? value.toFixed(1) : String(Math.round(value));
}
