/** Recipes of src/cli/MANUAL.md for CI systems and schedulers: their shell parts are run against an ssh server. */

import { assert, assertEquals } from "@std/assert";
import { exists } from "@std/fs/exists";
import { it } from "@std/testing/bdd";
import { parse } from "@std/yaml";
import project from "../../../deno.json" with { type: "json" };
import { writeEscpWrapper } from "../../support/escp/escp_command.ts";
import { describeWithSshd } from "../../support/hosts/needs_sshd.ts";
import { type Sshd, sshdOfSuite } from "../../support/hosts/sshd.ts";
import { blocksOf } from "../../support/manual_blocks.ts";
import { createTempTree, type TreeEntries, writeTree } from "../../support/files/temp_tree.ts";
import { writeScript, writeWrapper } from "../../support/shell_script.ts";

const hasSystemd = await exists("/usr/bin/systemd-analyze");

/** A machine with the hosts of the recipes, on which a recipe runs. */
interface Machine extends AsyncDisposable {
  /** Home directory. */
  home: string;
  /** Runs a script in the home directory. */
  run(script: string, env?: Record<string, string>): Promise<{ code: number; output: string }>;
}

/** @param options.hasKey Whether ssh is configured with a key and the host key, as for a user who logs in often. */
async function startMachine(sshd: Sshd, entries: TreeEntries, { hasKey }: { hasKey: boolean }): Promise<Machine> {
  const tree = await createTempTree({ "home": { directory: true }, "bin": { directory: true } });
  const { path } = tree;
  const home = `${path}/home`;
  await writeTree(home, entries);
  const config = (await Deno.readTextFile(sshd.configPath)).replace(
    "Host testhost testhost2",
    "Host web1 backup storage",
  );
  const known = hasKey ? "$&" : `  UserKnownHostsFile ${home}/.ssh/known_hosts`;
  await Deno.writeTextFile(
    `${path}/ssh_config`,
    (hasKey ? config : config.replace(/ *IdentityFile.*\n/, "")).replace(/ *UserKnownHostsFile.*/, known),
  );
  await writeWrapper(`${path}/bin/ssh`, ["/usr/bin/ssh", "-F", `${path}/ssh_config`]);
  await writeEscpWrapper(`${path}/bin`);
  await writeScript(
    `${path}/bin/npx`,
    `[ "$1 $2" = "-y escp@${project.version}" ] || exit 9`,
    "shift 2",
    'exec escp "$@"',
  );
  return {
    home,
    async run(script, env = {}) {
      const { code, stdout, stderr } = await new Deno.Command("sh", {
        args: ["-e", "-c", script],
        cwd: home,
        env: { HOME: home, PATH: `${path}/bin:/usr/bin:/bin`, ...env },
        clearEnv: true,
        stdin: "null",
      }).output();
      const decoder = new TextDecoder();
      return { code, output: decoder.decode(stdout) + decoder.decode(stderr) };
    },
    [Symbol.asyncDispose]: () => tree[Symbol.asyncDispose](),
  };
}

describeWithSshd("a recipe of the manual", () => {
  const server = sshdOfSuite();

  /** Replaces the user and the directory of the recipe by those of the server. */
  const localized = (script: string, target: string) =>
    script.replaceAll("deploy@web1:/srv/www/", `${server.sshd.user}@web1:${target}/`);
  const knownHosts = () => `[${server.sshd.address}]:${server.sshd.port} ${server.sshd.hostKey}`;

  it("copies with GitHub Actions", async () => {
    const workflow = parse(blocksOf("GitHub Actions")[0]) as {
      jobs: { deploy: { steps: { name?: string; run?: string; env?: Record<string, string> }[] } };
    };
    const step = workflow.jobs.deploy.steps.find(({ name }) => name)!;
    assertEquals(Object.keys(step.env!), ["SSH_KEY", "KNOWN_HOSTS"]);
    await using target = await createTempTree({});
    await using machine = await startMachine(server.sshd, { "dist/a": "a" }, { hasKey: false });
    const { code, output } = await machine.run(localized(step.run!, target.path), {
      SSH_KEY: (await Deno.readTextFile(server.sshd.keyPath)).trimEnd(),
      KNOWN_HOSTS: knownHosts(),
    });
    assertEquals([code, output], [0, ""]);
    assertEquals(await Deno.readTextFile(`${target.path}/dist/a`), "a");
  });

  it("copies with GitLab CI", async () => {
    const { deploy } = parse(blocksOf("GitLab CI")[0]) as { deploy: { script: string[] } };
    await using target = await createTempTree({});
    const key = { content: await Deno.readTextFile(server.sshd.keyPath), mode: 0o666 };
    const entries = { "dist/a": "a", "key": key, "known": `${knownHosts()}\n` };
    await using machine = await startMachine(server.sshd, entries, { hasKey: false });
    const { code, output } = await machine.run(localized(deploy.script.join("\n"), target.path), {
      SSH_KEY: `${machine.home}/key`,
      KNOWN_HOSTS: `${machine.home}/known`,
    });
    assertEquals([code, output], [0, ""]);
    assertEquals(await Deno.readTextFile(`${target.path}/dist/a`), "a");
  });

  /** Replaces the directories of a nightly copy by those of a test. */
  const nightly = (command: string, source: string, target: string) =>
    command.replace("/srv/data", source).replace("backup:/archive/", `backup:${target}/`);

  it("writes and renders reports", async () => {
    const script = blocksOf("Read a report").join("\n");
    assertEquals(script.match(/^escp /gm)?.length, 5);
    await using target = await createTempTree({});
    await using machine = await startMachine(server.sshd, { "results/a": "a" }, { hasKey: true });
    const localized = script.replaceAll(
      /\bbackup(:?)$/gm,
      (_, colon) => colon ? `backup:${target.path}/` : `backup:${target.path}`,
    );
    const { code, output } = await machine.run(localized, { ESCP_OPTIONS: "--doctor-time 40" });
    assertEquals(code, 0, output);
    assertEquals(await Deno.readTextFile(`${target.path}/results/a`), "a");
    const [run, same] = ["run", "same"].map((name) => Deno.readTextFileSync(`${machine.home}/${name}.html`));
    assertEquals(run, same);
    assert(run.includes("Everything was copied"));
    assert(Deno.readTextFileSync(`${machine.home}/doctor.html`).includes("copies work"));
  });

  it("copies every night with cron, one run at a time", async () => {
    const [path, line] = blocksOf("cron")[0].trimEnd().split("\n");
    assertEquals(path, "PATH=/usr/local/bin:/usr/bin:/bin");
    const command = /^30 2 \* \* \* ([^%]+)$/.exec(line)![1];
    await using tree = await createTempTree({ "data/a": "a", "archive": { directory: true } });
    await using machine = await startMachine(server.sshd, {}, { hasKey: true });
    const copy = nightly(command, `${tree.path}/data`, `${tree.path}/archive`);
    assertEquals(await machine.run(copy), { code: 0, output: "" });
    assertEquals(await Deno.readTextFile(`${tree.path}/archive/data/a`), "a");
    await Deno.remove(`${tree.path}/archive/data`, { recursive: true });
    const during = await machine.run(`exec 9> ~/.escp-backup.lock; flock 9; ${copy}`);
    assertEquals(during, { code: 1, output: "" });
    assertEquals([...Deno.readDirSync(`${tree.path}/archive`)], []);
  });

  it("copies every night with a systemd timer", async () => {
    const units = blocksOf("systemd timer");
    const [, program, args] = /^ExecStart=(\S+) (.*)$/m.exec(units[0])!;
    assertEquals(program, "/usr/local/bin/escp");
    await using tree = await createTempTree({ "data/a": "a", "archive": { directory: true } });
    await using machine = await startMachine(server.sshd, {}, { hasKey: true });
    const copy = nightly(`escp ${args}`, `${tree.path}/data`, `${tree.path}/archive`);
    assertEquals(await machine.run(copy), { code: 0, output: "" });
    assertEquals(await Deno.readTextFile(`${tree.path}/archive/data/a`), "a");
  });

  it({
    name: `has units that systemd accepts${hasSystemd ? "" : " (skipped: no systemd)"}`,
    ignore: !hasSystemd,
    fn: async () => {
      await using directory = await createTempTree({});
      const paths: string[] = [];
      for (const unit of blocksOf("systemd timer")) {
        const [, name] = /^# \/etc\/systemd\/system\/(\S+)$/m.exec(unit)!;
        // The executable and the user need not exist here.
        const text = unit.replace("/usr/local/bin/escp", "/bin/true").replace(/^User=.*$/m, "User=root");
        await Deno.writeTextFile(`${directory.path}/${name}`, text);
        paths.push(`${directory.path}/${name}`);
      }
      assertEquals(paths.length, 2);
      const { code, stderr } = await new Deno.Command("systemd-analyze", { args: ["verify", "--man=no", ...paths] })
        .output();
      assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
    },
  });

  it("copies before and after a Slurm job", async () => {
    const [script] = blocksOf("Slurm");
    assert(/^#!\/bin\/sh\n(#SBATCH --\S+\n)+/.test(script));
    const { home } = server.sshd;
    await writeTree(home, { "input": "data", "results": { directory: true } });
    await using machine = await startMachine(server.sshd, {}, { hasKey: true });
    await writeScript(`${machine.home}/simulate`, 'cat "$1"');
    await Deno.mkdir(`${machine.home}/tmp`);
    const { code, output } = await machine.run(script, { SLURM_JOB_ID: "42", TMPDIR: `${machine.home}/tmp` });
    assertEquals([code, output], [0, ""]);
    assertEquals(await Deno.readTextFile(`${home}/results/42.h5`), "data");
    assertEquals([...Deno.readDirSync(`${machine.home}/tmp`)], []);
  });
});
