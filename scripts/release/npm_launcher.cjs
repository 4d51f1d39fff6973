#!/usr/bin/env node
"use strict";
// Runs the executable of this system, which is in an optional dependency of this package.

const { spawn } = require("node:child_process");
const { closeSync, openSync } = require("node:fs");
const { constants } = require("node:os");
const process = require("node:process");

const SYSTEMS = { darwin: "macos", linux: "linux", win32: "windows" };

function findExecutable() {
  const name = `@escp/${SYSTEMS[process.platform] || process.platform}-${process.arch}`;
  const file = process.platform === "win32" ? "escp.exe" : "escp";
  try {
    return require.resolve(`${name}/bin/${file}`);
  } catch {
    if (process.platform === "linux" && !process.report.getReport().header.glibcVersionRuntime) {
      console.error("escp: Cannot run on this Linux: its C library is not glibc, and the executable needs glibc");
      console.error("hint: Run escp from source with a Deno for this system");
      process.exit(1);
    }
    console.error(`escp: Cannot find the package ${name}, which contains the executable of this system`);
    console.error("hint: Install escp without --omit=optional, or use another system");
    process.exit(1);
  }
}

/** Returns whether Ctrl-C reaches both processes. */
function hasTerminal() {
  if (process.platform === "win32") return true;
  try {
    closeSync(openSync("/dev/tty"));
    return true;
  } catch {
    return false;
  }
}

/** Runs the executable, and exits with its status. */
function run(path, args) {
  const child = spawn(path, args, { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    const reachesBoth = signal === "SIGINT" && hasTerminal();
    process.on(signal, () => reachesBoth || child.kill(signal));
  }
  child.on("error", (error) => {
    console.error(`escp: Cannot run ${path}: ${error.message}`);
    process.exit(1);
  });
  child.on("exit", (status, signal) => process.exit(signal ? 128 + constants.signals[signal] : status));
}

const path = findExecutable();
const args = process.argv.slice(2);
// Recent versions of Node can become the executable, which then receives all signals.
if (process.execve && process.platform !== "win32") process.execve(path, ["escp", ...args], process.env);
else run(path, args);
