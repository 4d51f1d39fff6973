/** The limit of a run as a text. Pure. */

import type { RunLimit } from "../../../doctor/run_limit.ts";

const HERE = "this machine";
const THERE = "the remote host";

/** Returns what limited a run: `the network`, `writing files on this machine`. */
export function describeLimit({ what, end }: RunLimit): string {
  const place = end === "there" ? THERE : HERE;
  switch (what) {
    case "nothing":
      return "nothing, because no file was copied";
    case "login":
      return "the login";
    case "start":
      return "the start of escp";
    case "lost sessions":
      return "lost sessions, and the pauses after them";
    case "verification":
      return "the verification";
    case "rate limit":
      return "the rate limit of --limit";
    case "processor":
      return `the processor of ${place}`;
    case "ssh":
      return "the tunnel";
    case "writing":
      return `writing files on ${place}`;
    case "network":
      return "the network";
    case "unknown":
      return "unknown";
  }
}

/**
 * Returns advice about a limit, in the imperative; undefined if there is none.
 *
 * @param options.hasRemote whether a remote host took part.
 */
export function adviceFor({ what }: RunLimit, { hasRemote }: { hasRemote: boolean }): string | undefined {
  if (!hasRemote && what !== "rate limit") return undefined;
  switch (what) {
    case "login":
      return "Share one login between copies: ControlMaster in ssh_config(5)";
    case "rate limit":
      return "Raise --limit, or omit it";
    case "processor":
      return "Compare the engines and ciphers of both machines: escp --doctor HOST";
    case "ssh":
      return "Open the data ports for this machine: escp --doctor HOST names them";
    case "writing":
      return "Measure the disks of both machines: escp --doctor HOST:DIR";
    case "network":
    case "unknown":
      return "Measure network, disks and processors apart: escp --doctor HOST";
  }
}
