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
    die: () => [...held].forEach(free),
  };
}
