#!/bin/sh
':' //; exec node -- "$0" "$@"
'use strict';
// A shell reads the first two lines and starts Node.js with this file; to Node.js, the second is a
// string. Without `--`, Node.js would take `--env-file` from anywhere among the arguments and obey a
// NODE_OPTIONS in that file. The rest also runs on Node.js versions too old for the program itself.
const oldest = [20, 19];

function isTooOld() {
  const [major, minor] = process.version.slice(1).split('.').map(Number);
  return major < oldest[0] || (major === oldest[0] && minor < oldest[1]);
}

function fail(error, message, hint, exitCode) {
  const now = new Date();
  const time = new Date(now - now.getTimezoneOffset() * 60000).toISOString();
  const stamp = time.slice(0, 19).replace('T', ' ');
  const line = process.argv.includes('--json')
    ? JSON.stringify({ time: stamp, level: 'error', error, message, hint, exitCode })
    : `${process.stderr.isTTY ? '' : `${stamp} `}::::[ERROR] ${message} (${hint})`;
  process.stderr.write(`${line}\n`);
  process.exitCode = exitCode;
}

if (isTooOld()) {
  const needed = `chbackup requires Node.js ${oldest.join('.')} or later`;
  const hint = `this is Node.js ${process.version}; update it, or put a later one first on PATH`;
  fail('ConfigError', needed, hint, 2);
} else {
  try {
    require('../dist/start.cjs').start();
  } catch (error) {
    // dist is missing or incomplete.
    const message = `chbackup cannot be started: ${error.code || error.name}`;
    fail('UnexpectedError', message, 'install it again; a checkout needs npm run build', 1);
  }
}
