#!/usr/bin/env node
'use strict';
try {
  require('../dist/start.cjs').start();
} catch (error) {
  // dist is missing, incomplete, or too new for this Node.js, so the error is printed here.
  const message = `chbackup cannot be started: ${error.code || error.name}`;
  const hint = 'install it again, with Node.js 20.19 or newer; a checkout needs npm run build';
  const time = new Date().toLocaleString('sv-SE');
  const line = process.argv.includes('--json')
    ? JSON.stringify({ time, level: 'error', error: 'UnexpectedError', message, hint, exitCode: 1 })
    : `${time} ::::[ERROR] ${message} (${hint})`;
  process.stderr.write(`${line}\n`);
  process.exitCode = 1;
}
