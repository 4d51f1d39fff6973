/** Entry module of a Worker, which runs streams on descriptors of the main thread. */

import { workerScope } from "../../async/worker_scope.ts";
import type { Partial } from "../../files/engine/partial_file.ts";
import { ProtocolError } from "../../errors.ts";
import { RawSocket } from "../../native/net/sockets.ts";
import { RunningStream, type StreamHost } from "./run_stream.ts";
import type { ConnectionKeys, StreamJob } from "./job.ts";
import { describeBreak } from "./break.ts";
import type { FromWorker, ToWorker } from "./thread_messages.ts";
import type { WorkUnit } from "../unit.ts";

const scope = workerScope<ToWorker, FromWorker>();
const running = new Map<number, RunningStream>();
const waitingUnits = new Map<number, (unit: WorkUnit | undefined) => void>();
const waitingPartials = new Map<string, (partial: Partial | undefined | null) => void>();
const waitingKept = new Map<number, (kept: boolean) => void>();
let job: StreamJob;

scope.onmessage = ({ data }) => {
  switch (data.type) {
    case "job":
      job = data.job;
      break;
    case "stream":
      start(data.stream, data.ends);
      break;
    case "unit":
      waitingUnits.get(data.stream)?.(data.unit);
      break;
    case "partial":
      waitingPartials.get(`${data.stream} ${data.file}`)?.(data.partial);
      break;
    case "kept":
      waitingKept.get(data.stream)?.(data.kept);
      break;
    case "stop":
      for (const stream of running.values()) stream.stop();
      break;
    case "forget":
      for (const stream of running.values()) stream.forget(data.file);
      break;
    case "journal":
      for (const stream of running.values()) stream.startJournal(data.file, data.path);
      break;
  }
};

function start(number: number, descriptors: { keys: ConnectionKeys; descriptor: number }[]): void {
  const options = { idleTimeoutMs: job.idleTimeoutMs };
  const ends = descriptors.map(({ keys, descriptor }) => ({ keys, transport: new RawSocket(descriptor, options) }));
  const stream = new RunningStream(job, ends, hostOf(number));
  running.set(number, stream);
  stream.done.then(() => undefined, describeBreak).then((broken) => {
    running.delete(number);
    post({ type: "ended", stream: number, wireBytes: stream.wireBytes, broken });
  });
}

/** Returns the callbacks of a stream. All of them send messages to the main thread. */
function hostOf(stream: number): StreamHost {
  return {
    next() {
      return new Promise((resolve) => {
        waitingUnits.set(stream, resolve);
        post({ type: "next", stream });
      });
    },
    async partial(file) {
      const partial = await new Promise<Partial | undefined | null>((resolve) => {
        waitingPartials.set(`${stream} ${file}`, resolve);
        post({ type: "partial", stream, file });
      });
      waitingPartials.delete(`${stream} ${file}`);
      if (partial === null) {
        throw new ProtocolError("bad-block", `Cannot accept a block: file ${file} was never opened`);
      }
      return partial;
    },
    isKept(backup) {
      return new Promise((resolve) => {
        waitingKept.set(stream, resolve);
        post({ type: "isKept", stream, backup });
      });
    },
    report: (report) => post({ type: "report", stream, report }),
    relayed: (result) => post({ type: "relayed", stream, result }),
    written: (bytes) => post({ type: "written", stream, bytes }),
    note: (text) => post({ type: "note", stream, text }),
  };
}

function post(message: FromWorker): void {
  scope.postMessage(message);
}
