import { type Disk, nodeDisk } from '../../src/state/disk.js';

/** A disk for one program. */
export interface DiskOfOne extends Disk {
  /** Frees its locks, as the kernel does when a process dies. */
  die(): void;
}

/** The real disk, with locks that hold among the programs of one test process. */
export function diskWithLocks(locks: Map<string, string>): DiskOfOne {
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
    die: () => [...held].forEach(free),
  };
}
