/** What an end is, and works with. */

import { availableCodecs } from "../compress/codecs.ts";
import type { NetworkSettings, SystemFacts } from "../protocol/control/probe.ts";
import type { Machine } from "../transfer/machine.ts";

/** @param streams as many as a copy would have. */
export function systemFacts(machine: Machine, streams: number): SystemFacts {
  return {
    system: `${Deno.build.os} ${Deno.build.arch}`,
    cores: navigator.hardwareConcurrency,
    ...(Deno.build.os === "windows" ? {} : { loadPercent: Math.round(Deno.loadavg()[0] * 100) }),
    threads: machine.workers(streams),
    cipher: { engine: machine.cipher.name, library: machine.cipher.library },
    files: machine.files.name,
    codecs: availableCodecs(machine.cipher.name),
    notes: machine.notes,
    network: networkSettings((name) => {
      try {
        return Deno.readTextFileSync(`/proc/sys/net/${name}`);
      } catch {
        // Another system, or a namespace that has no such setting.
        return undefined;
      }
    }),
  };
}

/** @param read the text of a file below /proc/sys/net; undefined: there is none. */
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
