import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { harmlessJson, oneLine } from '../text.js';
import { localTime } from '../time/local-time.js';
import { presentableError } from './unexpected-error.js';

/**
 * Prints an error in the usual format but without the usual code; returns its exit code. It loads
 * nothing and uses no stream, because those may have failed. `--json` is taken from the command line.
 */
export function printCrash(error: unknown, argv: readonly string[]): number {
  const { name, message, hint, exitCode } = presentableError(error);
  const time = localTime(Date.now());
  const text = oneLine(hint === undefined ? message : `${message} (${hint})`);
  const json = { time, level: 'error', error: name, message, ...(hint && { hint }), exitCode };
  const line = argv.includes('--json')
    ? harmlessJson(JSON.stringify(json))
    : `${isatty(2) ? '' : `${time} `}::::[ERROR] ${text}`;
  try {
    writeSync(2, `${line}\n`);
  } catch {
    // stderr is closed.
  }
  return exitCode;
}
