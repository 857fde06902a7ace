#!/usr/bin/env node
// The fake clickhouse-backup as an executable; see fake-play.mjs.
import { play } from './fake-play.mjs';

const { exitCode, signal } = await play({
  given: process.argv.slice(2),
  env: process.env,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
});
if (signal !== undefined) process.kill(process.pid, signal);
process.exitCode = exitCode;
