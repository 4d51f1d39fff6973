import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { parseConfig } from "../../../src/config/parse_config.ts";
import { UsageError } from "../../../src/errors.ts";
import { FLAGS } from "../../../src/cli/options/flags.ts";
import { commandOf } from "../../../src/cli/options/command.ts";
import { parseArguments } from "../../../src/cli/options/parse_arguments.ts";
import type { RunOptions } from "../../../src/cli/options/run_options.ts";
import { KEYS } from "../../../src/cli/options/settings.ts";

/** Settings of each place. */
interface Places {
  system?: string;
  user?: string;
  env?: Record<string, string>;
}

async function read(args: string[], { system, user, env = {} }: Places) {
  const parse = (text: string | undefined, file: string) =>
    text === undefined ? undefined : parseConfig(text, file, KEYS);
  const configs = { system: await parse(system, "/etc/escp.conf"), user: await parse(user, "/u/config.yaml") };
  return commandOf(parseArguments(args), { env: (name) => env[name], driveLetters: false, configs });
}

async function copy(args: string[], places: Places): Promise<RunOptions> {
  const command = await read(args, places);
  if (command.kind !== "copy") throw new Error(`Not a copy: ${command.kind}`);
  return command.options;
}

async function refusal(args: string[], places: Places): Promise<string> {
  try {
    await read(args, places);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error("It was accepted");
}

describe("options from several places", () => {
  it("have the value of the last place that sets them", async () => {
    const places = {
      system: "streams: 2\ncipher: aes-256-gcm\nengine: portable\nthreads: 1\nlimit: 8",
      user: "streams: 3\nengine: native\nthreads: 2",
      env: { ESCP_OPTIONS: "-t 5 -p", ESCP_THREADS: "6" },
    };
    const { host: { streams, cipher, engine, threads, request } } = await copy(["-t7", "a", "h:b"], places);
    assertEquals([streams, cipher, engine, threads, request.preserve, request.bytesPerSecond], [
      7,
      "aes-256-gcm",
      "native",
      6,
      true,
      1000,
    ]);
    assertEquals((await copy(["a", "h:b"], places)).host.streams, 5);
    assertEquals((await copy(["a", "h:b"], { ...places, env: {} })).host.streams, 3);
    assertEquals((await copy(["a", "h:b"], {})).host.streams, undefined);
  });

  it("can be cleared with --no-NAME", async () => {
    const places = { user: "recursive: true\npreserve: true\narchive: true\nquiet: true\nverbose: 3\njson: true" };
    const args = ["--no-recursive", "--no_preserve", "--no-quiet", "--no-verbose", "--no-json", "a", "b"];
    const { host, output: { quiet, verbose, json } } = await copy(args, places);
    const { recursive, preserve, hardlinks } = host.request;
    assertEquals([recursive, preserve, hardlinks, quiet, verbose, json], [false, false, true, false, 0, false]);
    assertEquals((await copy(["--no-recursive", "-r", "a", "b"], places)).host.request.recursive, true);
    assertEquals((await copy(["-r", "--no-recursive", "a", "b"], {})).host.request.recursive, false);
    assertEquals(
      await refusal(["--no-streams", "a", "b"], {}),
      'Unknown option "--no-streams": did you mean "--streams"?',
    );
    assertEquals(
      await refusal(["--no-recursiv", "a", "b"], {}),
      'Unknown option "--no-recursiv": did you mean "--no-recursive"?',
    );
    assertEquals(await refusal(["--no-quiet=1", "a", "b"], {}), 'Option "--no-quiet" takes no value');
    for (const name of ["help", "receiver", "version", "no-quiet", "old-protocol"]) {
      assertEquals((await refusal([`--no-${name}`, "a", "b"], {})).startsWith("Unknown option"), true, name);
    }
  });

  it("that exclude each other are decided by the later place, and refused in the same place", async () => {
    const family = ({ host }: RunOptions) => host.access.ssh.addressFamily;
    assertEquals(family(await copy(["-6", "a", "b"], { user: "ipv4: true" })), "ipv6");
    assertEquals(family(await copy(["a", "b"], { user: "ipv4: true", env: { ESCP_OPTIONS: "-6" } })), "ipv6");
    const direction = async (...args: string[]) =>
      (await copy([...args, "a:x", "b:y"], { user: "from-origin: true" })).transfers[0].direction;
    assertEquals([await direction(), await direction("-3"), await direction("--no-from-origin")], [
      "origin",
      "relay",
      "relay",
    ]);
    assertEquals(await refusal(["-3R", "a:x", "b:y"], {}), 'Options "-3" and "-R" exclude each other');
    assertEquals(
      await refusal(["--escp-port=5", "--escp_portrange", "6-7", "a", "h:b"], {}),
      'Option "--escp-portrange" does not contain the requested port: 5 is not in 6-7',
    );
    assertEquals(
      await refusal(["--escp-portrange", "7-6", "a", "h:b"], {}),
      'Option "--escp-portrange" must be two ports such as 1232-1242, not "7-6"',
    );
    const ports = async (...args: string[]) =>
      (await copy([...args, "a", "h:b"], { user: "escp-port: 5000" })).host.access.ports;
    assertEquals(await ports(), { first: 5000, last: 5010 });
    assertEquals(await ports("--escp-portrange=6000:6001"), { first: 6000, last: 6001 });
    assertEquals(await ports("--escp_port=7000", "--escp_portrange=0"), { first: 7000, last: 7000 });
  });

  it("can differ between the hosts of a run", async () => {
    const places = {
      system: 'hosts: {"*.lab": {streams: 8, remote-path: /opt/escp, port: 2222, escp-port: 5000}, b: {streams: 2}}',
    };
    const lab = await copy(["x", "u@A.Lab:y"], places);
    const { streams: labStreams, access: { remotePath, ssh } } = lab.host;
    assertEquals([labStreams, remotePath, ssh.port], [8, "/opt/escp", 2222]);
    assertEquals((await copy(["-t3", "x", "a.lab:y"], places)).host.streams, 3);
    assertEquals((await copy(["x", "c:y"], places)).host.streams, undefined);
    const several = await copy(["a.lab:x", "b:y", "z", "t"], places);
    const own = several.transfers.map((transfer) => several.ofHosts!(transfer));
    const states = own.map(({ streams, access }) => [streams, access.remotePath]);
    assertEquals(states, [[8, "/opt/escp"], [2, "escp"], [undefined, "escp"]]);
    const relayed = await copy(["a.lab:x", "b:y"], places);
    const { streams, access: { ports }, originAccess } = relayed.ofHosts!(relayed.transfers[0]);
    assertEquals([streams, ports, originAccess?.remotePath], [2, undefined, "/opt/escp"]);
    assertEquals((await copy(["a", "b:y"], { user: "streams: 2" })).ofHosts, undefined);
  });

  it("cannot let --remove-source-files remove sources without copies", async () => {
    for (const key of ["ignore-existing", "existing", "keep-dirlinks"]) {
      const places = { user: `hosts: {"*.lab": {${key}: true}}` };
      const message = await refusal(["-r", "--remove-source-files", "x", "a.lab:y"], places);
      assertStringIncludes(message, `Cannot use "--remove-source-files" with "--${key}"`);
    }
  });

  it("can be words of ESCP_OPTIONS, without operands and options for a single run", async () => {
    const options = (text: string) => copy(["a", "b"], { env: { ESCP_OPTIONS: text } });
    const { host: { request: { recursive }, access: { ssh } } } = await options(
      " -r -o 'ProxyCommand=a b' --identity=my\\ key ",
    );
    assertEquals([recursive, ssh.options, ssh.identities], [true, ["ProxyCommand=a b"], ["my key"]]);
    assertEquals((await options("")).host.request.recursive, false);
    const table: Record<string, string> = {
      "-r x": 'ESCP_OPTIONS must contain options only, not "x"',
      "--": 'ESCP_OPTIONS must contain options only, not "--"',
      "--help": 'ESCP_OPTIONS cannot contain "--help": it is for a single run',
      "--receiver": 'ESCP_OPTIONS cannot contain "--receiver": it is for a single run',
      "--strems=8": 'ESCP_OPTIONS: Unknown option "--strems": did you mean "--streams"?',
      "-t 0": 'ESCP_OPTIONS: Option "-t" must be a number from 1 to 64, not "0"',
      "'": "ESCP_OPTIONS has a single quote that is not closed",
    };
    for (const [text, message] of Object.entries(table)) {
      assertEquals(await refusal(["a", "b"], { env: { ESCP_OPTIONS: text } }), message);
    }
  });

  it("can be keys of files, except those for a single run", async () => {
    const keys = KEYS.known.map(({ name }) => name);
    const others = FLAGS.map(({ name }) => name as string).filter((name) => !keys.includes(name));
    for (const name of ["help", "version", "completions", "receiver", "local-peer"]) {
      assertEquals(others.includes(name), true, name);
      const parsing = parseConfig(`${name}: true`, "/f", KEYS);
      assertEquals((await parsing.catch((error) => error.message)).slice(0, 11), "Unknown key", name);
    }
    for (const name of ["streams", "escp-port", "remote-log", "json", "symlinks"]) {
      assertEquals(keys.includes(name), true);
    }
  });

  it("of the remote end come from its own files, not from ESCP_OPTIONS", async () => {
    const places = {
      system: "engine: portable\nroot: /srv\nallow: pull\nescp-portrange: 5000-5001\ncpumask: 1\nverbose: 2",
      env: { ESCP_OPTIONS: "--engine=native -v nonsense" },
    };
    const command = await read(["--receiver", "--escp-portrange=6000-6001"], places);
    if (command.kind !== "receiver") throw new Error(command.kind);
    const { engine, output: { verbose }, ports, limits } = command.options;
    assertEquals([engine, verbose, ports], ["portable", 0, { first: 6000, last: 6001 }]);
    const mine = { root: "/srv", allow: ["pull" as const], ports: { first: 5000, last: 5001 }, cpumask: [0] };
    assertEquals(limits, { ...mine, nodemask: undefined, bytesPerSecond: undefined, isServed: undefined });
    const local = await read(["--receiver", "--local-peer"], places);
    assertEquals(local.kind === "receiver" && local.options.limits, { cpumask: [0], nodemask: undefined });
  });

  it("that select files are not checked where nothing is copied", async () => {
    const only = ["--only", "[a"];
    const kinds = [];
    for (const args of [["--receiver"], ["--install", "h"]]) kinds.push((await read([...only, ...args], {})).kind);
    assertEquals(kinds, ["receiver", "install"]);
    assertEquals((await refusal([...only, "a", "b"], {})).startsWith('Option "--only": '), true);
  });

  it("that select files are refused with their place if a file contains them", async () => {
    const error = await refusal(["a", "b"], { user: "only: [b, '[a']" }).catch((error) => error);
    const place = 'Key "only" ("/u/config.yaml", line 1)';
    assertEquals(error, `${place}: Cannot use the pattern "[a": "[" is never closed`);
  });

  it("are refused if a filter rule is invalid", () => {
    const env = { env: () => undefined, driveLetters: false };
    assertThrows(
      () => commandOf(parseArguments(["--exclude-regex", "(", "a", "b"]), env),
      UsageError,
      "--exclude-regex",
    );
  });
});
