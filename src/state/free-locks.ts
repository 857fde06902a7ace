import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { closeQuietly, type HeldLock, heldLock, lockLimitMs } from './file-lock.js';

/** The locks that are taken, by file. */
export type TakenLocks = ReadonlyMap<string, HeldLock>;

interface Wanted {
  files: readonly string[];
  resolve: (taken: TakenLocks) => void;
}

interface OpenFile {
  file: string;
  descriptor: number;
}

/** Descriptors that one shell inherits. Several shells work at the same time. */
const mostPerShell = 100;

/** Prints the number of each descriptor that it has locked. */
const script = 'for fd; do flock -n "$fd" && echo "$fd"; done';

/**
 * Takes the locks that are asked for at one moment with few processes that are not waited for one by one:
 * starting `flock` for each of many shards stops them all for seconds. Only takes what is free: a lock that
 * it does not take may be held, or it may be impossible to lock the file, and `tryFileLock` tells which.
 */
export class FreeLocks {
  private readonly searchPath: string | undefined;
  private wanted: Wanted[] = [];

  constructor(searchPath: string | undefined) {
    this.searchPath = searchPath;
  }

  take(files: readonly string[]): Promise<TakenLocks> {
    return new Promise((resolve) => {
      this.wanted.push({ files, resolve });
      if (this.wanted.length === 1) setImmediate(() => void this.takeAll());
    });
  }

  private async takeAll(): Promise<void> {
    const all = this.wanted;
    this.wanted = [];
    const files = all.flatMap((each) => each.files);
    // For a single lock, `tryFileLock` needs one process less.
    const opened = files.length < 2 ? [] : files.flatMap(openIfPossible);
    const parts: OpenFile[][] = [];
    for (let at = 0; at < opened.length; at += mostPerShell) {
      parts.push(opened.slice(at, at + mostPerShell));
    }
    const locked = await Promise.all(parts.map((part) => lockInShell(part, this.searchPath)));
    const locks = new Map(locked.flat());
    for (const one of all) {
      const own = one.files.flatMap((file) => {
        const lock = locks.get(file);
        // Should two ask for one file, only the first one has its lock.
        return lock !== undefined && locks.delete(file) ? [[file, lock] as const] : [];
      });
      one.resolve(new Map(own));
    }
  }
}

function openIfPossible(file: string): OpenFile[] {
  try {
    return [{ file, descriptor: fs.openSync(file, 'a+') }];
  } catch {
    return [];
  }
}

/** As in `tryFileLock`, a lock belongs to the open file and remains ours when the processes have ended. */
async function lockInShell(
  files: readonly OpenFile[],
  searchPath: string | undefined,
): Promise<[string, HeldLock][]> {
  const descriptors = files.map(({ descriptor }) => descriptor);
  // Some errors of `spawn` are thrown.
  const text = await runShell(descriptors, searchPath).catch(() => '');
  const printed = new Set(text.split('\n'));
  return files.flatMap(({ file, descriptor }, at) => {
    if (printed.has(String(at + 3))) return [[file, heldLock(descriptor)]];
    closeQuietly(descriptor);
    return [];
  });
}

/** Returns what the shell printed until it ended, whatever the reason. */
function runShell(descriptors: readonly number[], searchPath: string | undefined): Promise<string> {
  return new Promise((resolve) => {
    const numbers = descriptors.map((_, at) => String(at + 3));
    const shell = spawn('sh', ['-c', script, 'sh', ...numbers], {
      stdio: ['ignore', 'pipe', 'ignore', ...descriptors],
      env: { PATH: searchPath },
    });
    let text = '';
    const end = () => {
      clearTimeout(timer);
      // After an error it is still open, and a `flock` that hangs holds its other end.
      shell.stdout?.destroy();
      resolve(text);
    };
    const timer = setTimeout(() => {
      shell.kill('SIGKILL');
      end();
    }, lockLimitMs);
    shell.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    shell.on('error', end).on('close', end);
  });
}
