import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StateError } from '../../errors.js';

const mostBytes = 64 * 1024 * 1024;

/** What a program wrote to one of its streams; `whole` is false if only the end was kept. */
export interface Written {
  text: string;
  whole: boolean;
}

export interface Output {
  readonly stdout: number;
  readonly stderr: number;
  read(): { stdout: Written; stderr: Written };
  close(): void;
}

/**
 * Two files for a program to write to. Files and not pipes, because a program must outlive us
 * (see `run-program.ts`), and one that writes to a pipe nobody reads dies of SIGPIPE. They have no
 * name from the start, so nothing is left behind however we, or it, end.
 */
export function openOutput(): Output {
  let directory: string | undefined;
  try {
    directory = mkdtempSync(join(tmpdir(), 'chbackup-'));
    const stdout = openSync(join(directory, 'stdout'), 'ax+', 0o600);
    const stderr = openSync(join(directory, 'stderr'), 'ax+', 0o600);
    return {
      stdout,
      stderr,
      read: () => ({ stdout: readEnd(stdout), stderr: readEnd(stderr) }),
      close: () => {
        closeSync(stdout);
        closeSync(stderr);
      },
    };
  } catch (error) {
    throw new StateError(`cannot make a temporary file in ${tmpdir()}: ${String(error)}`, {
      hint: 'TMPDIR names another directory',
      cause: error,
    });
  } finally {
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
  }
}

function readEnd(file: number): Written {
  const { size } = fstatSync(file);
  const buffer = Buffer.alloc(Math.min(size, mostBytes));
  const start = size - buffer.length;
  let filled = 0;
  while (filled < buffer.length) {
    const count = readSync(file, buffer, filled, buffer.length - filled, start + filled);
    if (count === 0) break;
    filled += count;
  }
  return { text: buffer.toString('utf8', 0, filled), whole: start === 0 };
}
