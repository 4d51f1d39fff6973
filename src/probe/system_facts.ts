/** Describes the system and engines of this machine. */

import { availableCodecs } from "../compress/codecs.ts";
import { vectorAesNote } from "../crypto/vector_aes.ts";
import type { NetworkSettings, SystemFacts } from "../protocol/control/probe.ts";
import type { Machine } from "../transfer/machine.ts";

/** Returns the facts of this machine. @param streams Number of streams that a copy would use. */
export function systemFacts(machine: Machine, streams: number): SystemFacts {
  const vectorAes = vectorAesNote(machine.cipher.library, readProc("cpuinfo") ?? "");
  return {
    system: `${Deno.build.os} ${Deno.build.arch}`,
    cores: navigator.hardwareConcurrency,
    ...(Deno.build.os === "windows" ? {} : { loadPercent: Math.round(Deno.loadavg()[0] * 100) }),
    threads: machine.workers(streams),
    cipher: { engine: machine.cipher.name, library: machine.cipher.library },
    files: machine.files.name,
    codecs: availableCodecs(machine.cipher.name),
    notes: [...machine.notes, ...(vectorAes === undefined ? [] : [vectorAes])],
    network: networkSettings((name) => readProc(`sys/net/${name}`)),
  };
}

function readProc(name: string): string | undefined {
  try {
    return Deno.readTextFileSync(`/proc/${name}`);
  } catch {
    // Another system, or a namespace without this setting.
    return undefined;
  }
}

/** Returns the network settings of Linux. @param read Returns the text of a file in /proc/sys/net; undefined if missing. */
export function networkSettings(read: (name: string) => string | undefined): NetworkSettings {
  const settings: NetworkSettings = {};
  const number = (name: string, at: number) => {
    const value = Number(read(name)?.trim().split(/\s+/)[at] ?? NaN);
    return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  };
  const put = (key: "rmemMax" | "wmemMax" | "tcpRmemMax" | "tcpWmemMax", value: number | undefined) => {
    if (value !== undefined) settings[key] = value;
  };
  put("rmemMax", number("core/rmem_max", 0));
  put("wmemMax", number("core/wmem_max", 0));
  put("tcpRmemMax", number("ipv4/tcp_rmem", 2));
  put("tcpWmemMax", number("ipv4/tcp_wmem", 2));
  const congestion = read("ipv4/tcp_congestion_control")?.trim();
  if (congestion && congestion.length <= 64) settings.congestion = congestion;
  return settings;
}
