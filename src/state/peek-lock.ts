import fs from 'node:fs';

/** A lock file that somebody has described; `isSeen`: a process that this one can see holds the lock. */
export interface PeekedLock {
  description: string;
  isSeen: boolean;
}

/**
 * Returns who holds the lock of a file, without taking or changing it; undefined if nobody does. The kernel
 * lists the locks of the processes that this one can see: not those of other machines or containers. The
 * description of a holder that was killed stays in the file.
 */
export function peekFileLock(file: string, kernelLocks = '/proc/locks'): PeekedLock | undefined {
  const description = readIfPossible(file) ?? '';
  if (description.trim() === '') return undefined;
  const locks = readIfPossible(kernelLocks);
  // Without the kernel's list, the description is all that is known.
  if (locks === undefined) return { description, isSeen: true };
  const inode = fs.statSync(file, { throwIfNoEntry: false })?.ino;
  const isSeen = locks
    .split('\n')
    .some((line) => line.includes(' FLOCK ') && line.includes(`:${inode} `));
  return { description, isSeen };
}

function readIfPossible(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
