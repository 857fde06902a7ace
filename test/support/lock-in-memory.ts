import { type Disk, nodeDisk } from '../../src/state/disk.js';

/** The disk as one process uses it. */
export interface ProcessDisk extends Disk {
  /** Releases its locks, as the kernel does when a process ends. */
  releaseLocks(): void;
}

/** Returns the real disk, with locks among the programs that run in this test process. */
export function diskWithLocks(locks: Map<string, string>): ProcessDisk {
  const held = new Set<string>();
  const free = (file: string) => {
    if (held.delete(file)) locks.delete(file);
  };
  return {
    ...nodeDisk(undefined),
    tryLock(file) {
      const holder = locks.get(file);
      if (holder !== undefined) return { kind: 'held', holder };
      locks.set(file, '');
      held.add(file);
      const lock = {
        describe: (text: string) => void (held.has(file) && locks.set(file, text)),
        release: () => free(file),
      };
      return { kind: 'taken', lock };
    },
    takeFreeLocks: () => Promise.resolve(new Map()),
    peekLock(file) {
      const description = locks.get(file);
      return description === undefined ? undefined : { description, isSeen: true };
    },
    releaseLocks: () => [...held].forEach(free),
  };
}
