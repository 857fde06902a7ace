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
      const heldBy = locks.get(file);
      if (heldBy !== undefined) return { heldBy };
      locks.set(file, '');
      held.add(file);
      return {
        describe: (text) => void (held.has(file) && locks.set(file, text)),
        release: () => free(file),
      };
    },
    releaseLocks: () => [...held].forEach(free),
  };
}
