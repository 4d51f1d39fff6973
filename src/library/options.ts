/** Options of the library. Written by deno task docs: they are those of the command line, with the same defaults. */

/** Options of all functions. Undefined has the same meaning as an absent option. */
export interface ConnectionOptions {
  /** Stops the run, which then rejects with the reason of the signal. */
  readonly signal?: AbortSignal;
  /** Whether a run rejects if paths failed, instead of returning the result (default: true). */
  readonly throwOnFailure?: boolean;
  /** Whether ssh may ask for a password, and escp for a confirmation, if standard error is a terminal (default: false). */
  readonly interactive?: boolean;
  /** Number of data connections (1 to 64; default: 4, up to 16 on high-latency links). */
  readonly streams?: number;
  /** Number of threads for the data connections (0 to 64; default: as many as this machine has cores to spare; or set ESCP_THREADS). */
  readonly threads?: number;
  /** Maximum rate over all data connections: in kbit/s, or with a unit as in 10M (MiB/s) or 80mbit. A number is in kbit/s. */
  readonly limit?: number | string;
  /** TCP congestion control of the sending host, such as bbr; Linux only. */
  readonly congestion?: string;
  /** Compress data, unless it does not shrink. */
  readonly compress?: boolean;
  /** Number of bytes of a large file to read, encrypt and write at a time (64K to 16M; default: 1M). A number is in bytes. */
  readonly blocksize?: number | string;
  /** Cipher of the data connections (default: aes-128-gcm). */
  readonly cipher?: "aes-128-gcm" | "aes-256-gcm";
  /** Crypto and file engine; native uses system libraries (default: auto; or set ESCP_ENGINE). */
  readonly engine?: "auto" | "portable" | "native";
  /** With dummy, measure without disks: generate contents instead of reading them, and discard them instead of writing. */
  readonly ioengine?: "posix" | "dummy" | "posix::posix" | "posix::dummy" | "dummy::posix" | "dummy::dummy";
  /** Write all files through the page cache; by default files of 1 GiB or more may bypass it on Linux. */
  readonly nodirect?: boolean;
  /** Append a log of the copy to a file. */
  readonly log?: string;
  /** Like `log`, for the log of escp on the remote host, in a file of that host. */
  readonly remoteLog?: string;
  /** Port of the ssh server (1 to 65535). */
  readonly port?: number;
  /** Private key for ssh. */
  readonly identity?: readonly string[];
  /** Connect through this host; A,B,C for several. */
  readonly jump?: string;
  /** Configuration file for ssh. */
  readonly sshConfig?: string;
  /** Any ssh option, such as -oConnectTimeout=9. */
  readonly sshOption?: readonly string[];
  /** Cipher of the ssh connection. */
  readonly sshCipher?: string;
  /** Program to run instead of ssh (default: ssh). */
  readonly ssh?: string;
  /** Path of escp on the remote host (default: escp). */
  readonly remotePath?: string;
  /** Install escp on a remote host that lacks a compatible version; auto asks first on a terminal (default: auto). */
  readonly bootstrap?: "auto" | "never" | "always";
  /** Directory on the remote host in which to install escp (default: ~/.cache/escp/VERSION). */
  readonly installDir?: string;
  /** Local directory with escp executables for other systems, besides the directory of this escp. */
  readonly binaries?: string;
  /** Give up if the remote host sends nothing for this long (1 to 86400; default: 60). In seconds. */
  readonly timeout?: number;
  /** Send the data through ssh; auto does if the data ports cannot be reached within 3 seconds (default: auto). */
  readonly tunnel?: "auto" | "always" | "never";
  /** Open the data ports on this machine, and let the remote host connect to them. */
  readonly reverse?: boolean;
  /** HOST or HOST:PORT for the data, instead of the address that ssh uses; with `reverse` that of this machine. */
  readonly dataAddress?: string;
  /** First TCP port for the data on the remote host, or with `reverse` on this machine (1 to 65535). */
  readonly escpPort?: number;
  /** TCP ports for the data: FIRST-LAST, or the number of ports that may follow the first. */
  readonly escpPortrange?: string;
  /** Trust an unknown server of escps:// without a question, and remember it. */
  readonly acceptNew?: boolean;
  /** Let the remote host use the ssh agent. */
  readonly forwardAgent?: boolean;
  /** Use IPv4 only. */
  readonly ipv4?: boolean;
  /** Use IPv6 only. */
  readonly ipv6?: boolean;
  /** Copy between two remote hosts directly: run escp on the source host. */
  readonly fromOrigin?: boolean;
}

/** A rule to include or exclude matching files and directories. */
export interface Rule {
  /** Copy or skip the matching files. */
  readonly action: "include" | "exclude";
  /** Language of the pattern (default: "glob"). */
  readonly kind?: "glob" | "regex";
  /** Pattern of a name or path, as for `include` or `includeRegex`. */
  readonly pattern: string;
}

/** Options of `copy`. */
export interface CopyOptions extends ConnectionOptions {
  /**
   * Rules to include or exclude files, which precede those of the other options. The first rule
   * that matches decides. In the other options, rules that include precede rules that exclude.
   */
  readonly rules?: readonly Rule[];
  /** Copy directories and their contents. */
  readonly recursive?: boolean;
  /** Preserve times and permissions, and owner and group if permitted. */
  readonly preserve?: boolean;
  /** Same as `recursive` `preserve` `symlinks`=preserve `hardlinks` `sparse`. */
  readonly archive?: boolean;
  /** How to copy symbolic links inside the sources (default: follow, or preserve with `archive`). */
  readonly symlinks?: "follow" | "preserve" | "skip";
  /** Copy a file with several names once, and create hard links for the other names. */
  readonly hardlinks?: boolean;
  /** Write into existing files instead of replacing them; an interrupted copy leaves them damaged. */
  readonly inplace?: boolean;
  /** Create missing directories above the target, or the target directory of several sources. */
  readonly mkpath?: boolean;
  /** Make the target itself the copy of the source, even if the target is an existing directory. */
  readonly noTargetDirectory?: boolean;
  /** Use a symbolic link to a directory in the target as that directory. */
  readonly keepDirlinks?: boolean;
  /** Keep each replaced file under its name with the suffix ~. */
  readonly backup?: boolean;
  /** Like `backup`, with this suffix instead of ~. */
  readonly suffix?: string;
  /** Like `backup`, in this directory on the host of the target, relative to the target directory; no suffix. */
  readonly backupDir?: string;
  /** Preserve extended attributes; Linux only. */
  readonly xattrs?: boolean;
  /** Preserve access control lists, and what `preserve` preserves; Linux only. */
  readonly acls?: boolean;
  /** Preserve holes in files, and write 4 KiB or more of zeros as holes. */
  readonly sparse?: boolean;
  /** Skip files that exist with the same size and modification time; preserves modification times. */
  readonly update?: boolean;
  /** Like `update`, but compare contents; both hosts read the files that have the same size. */
  readonly checksum?: boolean;
  /** With `update`, `checksum` or `mirror`: send changed files whole, not only their changed parts. */
  readonly wholeFile?: boolean;
  /** Like `update`, and create hard links to unchanged files in DIR on the host of the target, as for snapshots. */
  readonly linkDest?: readonly string[];
  /** Delete entries that only the target has, below the copied directories, after everything was copied. */
  readonly delete?: boolean;
  /** Like `delete`, and delete excluded entries of the target too. */
  readonly deleteExcluded?: boolean;
  /** With `delete`, delete at most N entries; if more are left, the exit status is 1 (0 to 9007199254740991). */
  readonly maxDelete?: number;
  /** Like `fsync`, and remove files and links of the source at the end, if their copies are confirmed. */
  readonly removeSourceFiles?: boolean;
  /** List each change on standard output in the format of rsync; with `dryRun` the changes that would be made. */
  readonly itemizeChanges?: boolean;
  /** Do not resume an interrupted copy, and leave no partial files. */
  readonly noResume?: boolean;
  /** Like `fsync`, then read all files back from the disks of both hosts and compare SHA-256. */
  readonly verify?: boolean;
  /** Reconnect up to N times if the session is lost (0 to 100; default: 5). */
  readonly retries?: number;
  /** Flush every file and directory to disk before reporting it as copied. */
  readonly fsync?: boolean;
  /** Write SHA-256 digests of the copied files to a local file, for sha256sum -c in the target directory. */
  readonly manifest?: string;
  /** Copy matching files; the first include or exclude rule that matches decides. */
  readonly include?: readonly string[];
  /** Skip matching files and directories. */
  readonly exclude?: readonly string[];
  /** Like `include`, with a regular expression. */
  readonly includeRegex?: readonly string[];
  /** Like `exclude`, with a regular expression. */
  readonly excludeRegex?: readonly string[];
  /** Copy only matching files; all directories are searched. */
  readonly only?: readonly string[];
  /** Copy the files named in a list, one per line; a .yaml list may name targets too; - is standard input. */
  readonly filelist?: string;
  /** Names in the list end with NUL, as written by find -print0. */
  readonly null?: boolean;
  /** Copy only the listed paths below the one source, and keep them relative to it; - is standard input. */
  readonly filesFrom?: string;
  /** Keep the whole paths of sources below the target, or their parts after /./. */
  readonly relative?: boolean;
  /** Skip files that the .gitignore files in the sources ignore, by the rules of git. */
  readonly excludeIgnoreFiles?: boolean;
  /** Skip files that are larger (0G to 1048576G). A number is in bytes. */
  readonly maxSize?: number | string;
  /** Skip files that are smaller (0G to 1048576G). A number is in bytes. */
  readonly minSize?: number | string;
  /** Skip files that were last modified before TIME: an age such as 7d, or a time such as 2026-11-01T12:00. A number is an age in seconds. */
  readonly newerThan?: number | string;
  /** Skip files that were modified at or after TIME; with `clean`, keep leftovers that are not older (default then: 1d). A number is an age in seconds. */
  readonly olderThan?: number | string;
  /** Change the permissions of copied files and directories, as in D755,F644 or u+rwX,go-w. */
  readonly chmod?: readonly string[];
  /** Like `preserve`, with this owner: USER:GROUP, USER or :GROUP, by the names or numbers of the host of the target. */
  readonly chown?: string;
  /** Preserve owner and group by number; by default they are mapped by name. */
  readonly numericIds?: boolean;
  /** Skip files that exist in the target, even if they differ. */
  readonly ignoreExisting?: boolean;
  /** Skip files and directories that do not exist in the target. */
  readonly existing?: boolean;
  /** Write a report of the run to a file: a page with charts (.html), or its data (.json). */
  readonly report?: string;
}

/** Options of `mirror`, which sets the others. */
export type MirrorOptions = Omit<
  CopyOptions,
  "archive" | "update" | "delete" | "noTargetDirectory" | "filelist" | "null" | "filesFrom" | "relative"
>;

/** Options of `plan`. */
export type PlanOptions = Omit<CopyOptions, "verify" | "manifest">;

/** Options of `verify`. */
export type VerifyOptions = Omit<
  PlanOptions,
  | "update"
  | "checksum"
  | "delete"
  | "deleteExcluded"
  | "maxDelete"
  | "ignoreExisting"
  | "existing"
  | "linkDest"
>;

/** Options of `clean`. */
export interface CleanOptions extends ConnectionOptions {
  /** Change nothing; list what would be copied or removed. */
  readonly dryRun?: boolean;
  /** Skip files that were modified at or after TIME; with `clean`, keep leftovers that are not older (default then: 1d). A number is an age in seconds. */
  readonly olderThan?: number | string;
}

/** Options of `doctor`. */
export interface DoctorOptions extends ConnectionOptions {
  /** Directory on this machine whose disk is measured (default: the working directory). */
  readonly directory?: string;
  /** Write a report of the run to a file: a page with charts (.html), or its data (.json). */
  readonly report?: string;
  /** Duration of each measurement of `doctor`, in milliseconds (20 to 60000; default: 2000). */
  readonly doctorTime?: number;
}
