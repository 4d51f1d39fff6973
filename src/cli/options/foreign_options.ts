/** Options of scp and rsync that escp lacks, with their equivalents. */

/** Common answers. */
const DELETES_LAST = "--delete deletes after everything was copied, and nothing if a path failed";
const DELTA = "--update, --checksum and --mirror send the changed parts of large files, unless --whole-file is given";
const LINKS_OTHERS = "--link-dest creates hard links to unchanged files of other directories";
const NO_OWNERS = "-p maps owner and group by name, --numeric-ids preserves numbers, --chown sets one owner";
const NO_DAEMON = "escp has no daemon: ssh starts it on the remote host";
const PRESERVES = "-p preserves times and permissions, and owner and group if permitted";
const LINKS = "--symlinks follow, preserve or skip selects how symbolic links are copied";
const OUTPUT = "--json prints one object per event, --log writes a log, and -v prints more";
const RESUMES = "escp keeps partial files and resumes by default; --no-resume switches this off";
const LISTS =
  "--include, --exclude and --exclude-from take rules; --exclude-ignore-files obeys .gitignore; --files-from names files";
const WALK = "escp has no such rule for directories; find with --files-from - selects files and keeps their paths";
const COMPARES = "--update compares size and modification time, --checksum compares contents";
const OLD_PROTOCOL = "escp has a protocol of its own; its ends agree on the version";

/** Names without dashes. An option that escp has under the same name is not listed, even if its meaning differs. */
const ANSWERS: readonly (readonly [names: string, answer: string])[] = [
  [
    "z compress-choice zc compress-level zl compress-threads zt skip-compress new-compress old-compress",
    "escp compresses with -C",
  ],
  ["e rsh blocking-io", "escp always uses ssh; -S names another program, and -o, -P, -i, -J and -F set ssh options"],
  ["rsync-path", "-D names the path of escp on the remote host"],
  ["progress info", "escp shows progress on a terminal by default; -q hides it, and --json prints it for programs"],
  ["partial partial-dir delay-updates append append-verify", RESUMES],
  ["temp-dir", "escp writes temporary files beside their targets, so that each can be renamed"],
  ["bwlimit", "-l limits the rate, in kbit/s or with a unit as in -l 10M"],
  ["fuzzy y checksum-seed block-size", DELTA],
  ["checksum-choice cc", "escp compares SHA-256 digests with --checksum"],
  ["human-readable no-human-readable", "escp prints sizes with units; --json prints exact numbers"],
  ["compare-dest copy-dest", LINKS_OTHERS],
  ["delete-before delete-during delete-delay delete-after ignore-errors", DELETES_LAST],
  ["force", "--delete with one source and without --max-delete replaces directories"],
  ["delete-missing-args ignore-missing-args", "escp reports missing sources and copies the others"],
  ["remove-sent-files", "--remove-source-files removes copied files of the source"],
  ["ignore-non-existing", "--existing skips files that the target lacks"],
  ["I ignore-times size-only modify-window @", COMPARES],
  ["links L copy-links k copy-dirlinks", LINKS],
  ["copy-unsafe-links safe-links munge-links insecure-links", LINKS],
  ["confine-root", "root in the configuration of a host confines its sessions to a directory"],
  ["H hard-links", "--hardlinks preserves hard links, and -a implies it"],
  ["perms E executability times owner g group", PRESERVES],
  ["no-perms no-times no-owner no-group", `${PRESERVES}; without -p, copies get new ones`],
  ["U atimes N crtimes open-noatime", `${PRESERVES}; access times are set too, creation times are not`],
  ["omit-dir-times omit-link-times", "escp preserves the times of directories with -p, and has no option to omit them"],
  ["usermap groupmap super fake-super copy-as", NO_OWNERS],
  ["devices specials copy-devices drop-D", "escp skips devices and FIFOs with a note"],
  ["write-devices", "escp writes to a device if it is the target"],
  ["preallocate", "escp allocates no space in advance; a copy of new files that cannot fit is refused without -a"],
  ["no-implied-dirs", "--relative always creates the directories in the paths of sources"],
  ["x one-file-system d dirs no-dirs old-dirs old-d m prune-empty-dirs", WALK],
  ["f filter cvs-exclude", LISTS],
  ["inc-recursive i-r no-inc-recursive no-i-r", "escp always walks the source while it copies"],
  ["old-args secluded-args protect-args trust-sender no-protect-args", "no shell sees the paths of escp"],
  ["list-only", "-n lists the entries that would be copied or removed"],
  ["out-format log-format log-file log-file-format", OUTPUT],
  ["stderr msgs2stderr outbuf 8 8-bit-output debug no-motd", OUTPUT],
  ["M remote-option", "options of escp apply to both ends; --remote-log writes a log on the remote host"],
  ["contimeout", "--timeout limits the login with -B; -o ConnectTimeout=SECONDS limits it always"],
  ["stop-after stop-at time-limit", "timeout(1) ends escp; the same command resumes later"],
  ["address sockopts", "-o BindAddress=ADDRESS is for ssh, --data-address and --congestion are for the data"],
  ["daemon config password-file early-input dparam detach no-detach server sender", NO_DAEMON],
  ["write-batch only-write-batch read-batch", "escp has no batch files; run the same command for each target"],
  ["protocol 1 2", OLD_PROTOCOL],
  ["iconv", "escp copies names byte by byte and does not convert them"],
  ["max-alloc", "escp limits its memory automatically; -t and --threads reduce it"],
];

/** The answer for "-h" in a bundle such as "-avh", where it is that of rsync. */
export const BUNDLED_HELP = "escp prints sizes with units; -h alone prints the help";

/** Returns the equivalent of an option that escp lacks; undefined for an option of neither scp nor rsync. */
export function foreignAnswer(name: string): string | undefined {
  const dashed = name.replaceAll("_", "-");
  return ANSWERS.find(([names]) => names.split(" ").includes(dashed))?.[1];
}
