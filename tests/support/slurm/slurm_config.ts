/** slurm.conf(5) of a cluster on one machine. */

/** Below the range of ephemeral ports, which outgoing connections may occupy. */
const FIRST_PORT = 10_000;
const PORT_COUNT = 9_000;

/**
 * Returns the configuration. All files of the cluster are in `directory`, which also contains a directory for each node.
 *
 * @param firstPort Port of slurmctld. The ports of the nodes follow.
 */
export function slurmConfig(directory: string, nodes: readonly string[], firstPort: number): string {
  return [
    "ClusterName=escp",
    "SlurmctldHost=localhost(127.0.0.1)",
    `SlurmctldPort=${firstPort}`,
    "SlurmUser=root",
    "SlurmdUser=root",
    "AuthType=auth/munge",
    "CredType=cred/munge",
    `AuthInfo=socket=${directory}/munge/socket`,
    `StateSaveLocation=${directory}/state`,
    `SlurmdSpoolDir=${directory}/%n`,
    `SlurmctldPidFile=${directory}/slurmctld.pid`,
    `SlurmdPidFile=${directory}/%n.pid`,
    // Without cgroups, task affinity and accounting.
    "ProctrackType=proctrack/linuxproc",
    "TaskPlugin=task/none",
    "JobAcctGatherType=jobacct_gather/none",
    "AccountingStorageType=accounting_storage/none",
    "MpiDefault=none",
    "SwitchType=switch/none",
    // Starts a job with the next event instead of the next turn of a timer. Tasks go to the least loaded node.
    "SchedulerType=sched/builtin",
    "SelectType=select/cons_tres",
    "SelectTypeParameters=CR_CPU,CR_LLN",
    "ReturnToService=2",
    "KillWait=5",
    // The processors of the nodes need not exist.
    "SlurmdParameters=config_overrides",
    ...nodes.map((node, index) =>
      `NodeName=${node} NodeHostname=localhost NodeAddr=127.0.0.1 Port=${firstPort + 1 + index} CPUs=2`
    ),
    "PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP",
    "",
  ].join("\n");
}

/** Returns the first of `count` consecutive ports without listeners on this machine. */
export function firstOfFreePorts(count: number): number {
  for (;;) {
    const first = FIRST_PORT + Math.floor(Math.random() * (PORT_COUNT - count));
    const listeners: Deno.Listener[] = [];
    try {
      for (let port = first; port < first + count; port++) listeners.push(Deno.listen({ hostname: "::", port }));
      return first;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    } finally {
      for (const listener of listeners) listener.close();
    }
  }
}
