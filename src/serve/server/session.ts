/** A session of a server: the remote end as a child process, joined with the TLS connection of the client. */

import { settleWithin } from "../../async/settle_within.ts";
import { closeQuietly } from "../../net/close.ts";
import { writeAll } from "../../net/pass.ts";
import { stopChild } from "../../native/process/child.ts";
import { ErrorOutput } from "../../native/process/error_output.ts";
import { HelloScanner, parseHello } from "../../protocol/control/hello.ts";
import { LINGER_MS, passBoth } from "./pass_both.ts";
import { MAX_REPORT_LINE, parseReport, type SessionReport } from "./session_report.ts";

/** Maximum time for the remote end to exit after its input has ended, in milliseconds. */
const EXIT_MS = 10_000;
/** Maximum number of open data connections of a session. Streams are at most 64; broken ones may overlap their replacements. */
const MAX_DATA_CONNECTIONS = 128;

/** A session whose client has logged in. */
export class ServedSession {
  /** Names the session in the first lines of data connections. */
  readonly route: string = crypto.getRandomValues(new Uint8Array(16)).toHex();
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #errors: ErrorOutput;
  readonly #port: PromiseWithResolvers<number | undefined> = Promise.withResolvers();
  #report: SessionReport | undefined;
  #dataConnections = 0;

  /**
   * @param child `escp --receiver` with pipes.
   * @param events.log Receives the lines of its standard error.
   * @param events.begun Receives the first report.
   */
  constructor(
    child: Deno.ChildProcess,
    { log, begun }: { log: (line: string) => void; begun: (report: SessionReport) => void },
  ) {
    this.#child = child;
    this.#input = child.stdin.getWriter();
    const echo = lineReader((line) => {
      const report = parseReport(line);
      if (!report) return log(line.slice(0, MAX_LINE));
      if (!this.#report) begun(report);
      this.#report = report;
    });
    this.#errors = new ErrorOutput(child.stderr, { echo });
  }

  /** The last report of the remote end, after its exit; undefined if the client has sent no task. */
  async report(): Promise<SessionReport | undefined> {
    await this.#errors.ended();
    return this.#report;
  }

  /**
   * Joins the control channel of the client with the remote end, until one of them ends.
   *
   * @param first bytes of the client that have arrived.
   * @returns the exit status of the remote end.
   */
  async run(conn: Deno.TlsConn, first: Uint8Array<ArrayBuffer>): Promise<Deno.CommandStatus> {
    const sending = this.#send(conn).catch(() => {});
    const receiving = this.#receive(conn, first).catch(() => {});
    // A client that does not read must not keep a session whose remote end has exited.
    await Promise.race([sending, this.#child.status.then(() => settleWithin(LINGER_MS, sending))]);
    this.#port.resolve(undefined);
    closeQuietly(conn);
    const status = await this.end();
    await receiving;
    return status;
  }

  /** Ends the remote end, which exits when its input ends. It ignores SIGTERM. @returns its exit status. */
  async end(): Promise<Deno.CommandStatus> {
    this.#input.close().catch(() => {});
    if (!await settleWithin(EXIT_MS, this.#child.status)) stopChild(this.#child, "SIGKILL");
    return await this.#child.status;
  }

  /** Passes a data connection to the port of the remote end. Closes it at the end. */
  async connect(conn: Deno.TcpConn, first: Uint8Array<ArrayBuffer>): Promise<void> {
    if (this.#dataConnections >= MAX_DATA_CONNECTIONS) return closeQuietly(conn);
    this.#dataConnections++;
    let data: Deno.TcpConn | undefined;
    try {
      const port = await this.#port.promise;
      if (port === undefined) return closeQuietly(conn);
      data = await Deno.connect({ hostname: "127.0.0.1", port });
      data.setNoDelay(true);
      conn.setNoDelay(true);
      await writeAll(data, first);
      await passBoth(conn, data);
    } catch {
      // The remote end has closed its port: the session is ending.
      closeQuietly(conn);
      if (data) closeQuietly(data);
    } finally {
      this.#dataConnections--;
    }
  }

  /** Passes the output of the remote end to the client, and finds its port in the hello. */
  async #send(conn: Deno.TlsConn): Promise<void> {
    let scanner: HelloScanner | undefined = new HelloScanner();
    for await (const bytes of this.#child.stdout) {
      const hello = scanner?.push(bytes);
      if (hello) {
        scanner = undefined;
        this.#port.resolve(parseHello(hello.line).port);
      }
      await writeAll(conn, bytes);
    }
    await conn.closeWrite();
  }

  /** Passes bytes of the client to the remote end, which ends when its input ends. */
  async #receive(conn: Deno.TlsConn, first: Uint8Array<ArrayBuffer>): Promise<void> {
    const input = this.#input;
    try {
      if (first.length > 0) await input.write(first);
      const buffer = new Uint8Array(64 << 10);
      for (;;) {
        const count = await conn.read(buffer);
        if (count === null) break;
        await input.write(buffer.slice(0, count));
      }
    } finally {
      await input.close().catch(() => {});
    }
  }
}

/** Maximum length of a logged line, in characters. */
const MAX_LINE = 1_000;

/** Returns a function that splits output into lines, which it cuts to MAX_REPORT_LINE units. */
function lineReader(onLine: (line: string) => void): (bytes: Uint8Array) => void {
  const decoder = new TextDecoder();
  let text = "";
  return (bytes) => {
    const lines = (text + decoder.decode(bytes, { stream: true })).split("\n");
    text = lines.pop()!.slice(0, MAX_REPORT_LINE);
    for (const line of lines) if (line !== "") onLine(line.slice(0, MAX_REPORT_LINE));
  };
}
