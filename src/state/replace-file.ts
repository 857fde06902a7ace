import fs from 'node:fs';
import path from 'node:path';
import { errnoOf } from '../text.js';

/**
 * When a changed name in a folder is flushed to disk: before the program continues, or when the kernel
 * does it. Either way, the text of a file is flushed before it gets its name.
 */
export type Flush = 'now' | 'later';

/**
 * Replaces a file so that a crash leaves either the old or the new text. The new file belongs to the
 * user who runs chbackup, because only root with CAP_CHOWN could keep the old owner.
 */
export function replaceFile(file: string, text: string, flush: Flush = 'now'): void {
  const target = resolveLinks(file);
  // Only the holder of a lock replaces a file, so a file of this name is left over from a crash.
  const fresh = `${target}.new`;
  try {
    fs.rmSync(fresh, { force: true });
    writeToDisk(fresh, text);
    fs.renameSync(fresh, target);
  } catch (error) {
    removeIfPossible(fresh);
    throw error;
  }
  if (flush === 'now') flushFolder(path.dirname(target));
}

/** Flushes the names in a folder to disk, so that a rename or a removal survives a crash. */
export function flushFolder(folder: string): void {
  unlessRefused(() => {
    const descriptor = fs.openSync(folder, 'r');
    try {
      fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
  });
}

function writeToDisk(file: string, text: string): void {
  const descriptor = fs.openSync(file, 'wx', 0o644);
  try {
    // Other users may read the file even if the umask is stricter.
    unlessRefused(() => fs.fchmodSync(descriptor, 0o644));
    fs.writeFileSync(descriptor, text);
    unlessRefused(() => fs.fsyncSync(descriptor));
  } finally {
    fs.closeSync(descriptor);
  }
}

/**
 * Error codes of file systems that do not support or do not permit an operation: network file
 * systems, FUSE, FAT. An I/O error or a full disk is not among them.
 */
const refusals = new Set([
  ...['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'],
  ...['EPERM', 'EACCES', 'EBADF', 'EISDIR'],
]);

/** Does `work`, which a file system may refuse: the file is less safe without it, but usable. */
function unlessRefused(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!refusals.has(errnoOf(error))) throw error;
  }
}

function resolveLinks(file: string): string {
  try {
    return fs.realpathSync(file);
  } catch {
    return file;
  }
}

function removeIfPossible(file: string): void {
  try {
    fs.rmSync(file, { force: true });
  } catch {
    // The caller reports the earlier error.
  }
}
