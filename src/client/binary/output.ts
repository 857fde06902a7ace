import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StateError } from '../../errors.js';
import { describeErrno } from '../../text.js';

const mostBytes = 64 * 1024 * 1024;

/** The output of a program on one stream; `whole` is false if only its end was read. */
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
 * Opens two files for a program to write to. They are not pipes, because the program may outlive
 * chbackup (see `run-program.ts`), and would die of SIGPIPE if no process read from them. The files are
 * unlinked at once, so nothing is left behind if either process is killed. Throws `StateError`.
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
    throw new StateError(`cannot create a temporary file in ${tmpdir()}: ${describeErrno(error)}`, {
      hint: 'to use another directory, set TMPDIR',
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
