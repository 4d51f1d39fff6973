/** Options of `--serve`: sessions without ssh. */

import type { FlagRow } from "../flag.ts";

export const SERVING = [
  {
    name: "serve",
    kind: "boolean",
    once: true,
    help: "Copy nothing; serve sessions without ssh, for clients that name this host as escps://HOST/PATH",
  },
  {
    name: "listen",
    kind: "string",
    argument: "ADDRESS",
    defaultText: "all addresses, port 7523",
    once: true,
    help: "Address, port or ADDRESS:PORT at which --serve accepts connections",
  },
  {
    name: "root",
    kind: "string",
    argument: "DIR",
    once: true,
    help: "Directory that --serve confines its sessions to",
  },
  {
    name: "allow",
    kind: "string",
    argument: "WHAT",
    defaultText: "push,pull",
    once: true,
    help: "Directions that clients of --serve may use: push (copies to DIR), pull (copies from DIR), or both",
  },
  {
    name: "authorized-keys",
    kind: "string",
    argument: "FILE",
    defaultText: "~/.config/escp/authorized_keys",
    once: true,
    help: "Public keys of the clients of --serve, one per line as for ssh",
  },
  {
    name: "certificate",
    kind: "string",
    argument: "FILE",
    once: true,
    help: "Certificate of --serve for clients with --ca, and those between it and its authority (PEM)",
  },
  {
    name: "private-key",
    kind: "string",
    argument: "FILE",
    once: true,
    help: "Private key of --certificate (PEM), open to its owner alone",
  },
  {
    name: "once",
    kind: "boolean",
    once: true,
    help: "With --serve: print a URL that permits one session, serve that session, and end",
  },
  {
    name: "one-port",
    kind: "boolean",
    once: true,
    help: "With --serve: accept data connections at the port of the server only",
  },
  {
    name: "served",
    kind: "boolean",
    hidden: true,
    once: true,
    help: "With --receiver: started by --serve",
  },
  {
    name: "await-grant",
    kind: "boolean",
    hidden: true,
    once: true,
    help: "With --receiver: receive the arguments on standard input",
  },
] as const satisfies readonly FlagRow[];
