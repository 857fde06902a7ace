import { randomUUID } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { errnoOf } from '../text.js';

/**
 * The directory that node_exporter's textfile collector reads. Nothing here blocks the work, because a
 * network file system may not answer. But Node cannot exit before a system call of its threads returns.
 */
export interface MetricsFolder {
  /** Returns undefined if there is no such file, or if it cannot be read. */
  read(name: string): Promise<string | undefined>;
  /** Replaces a file by renaming, so that it is never read half-written. Rejects with a system error. */
  replace(name: string, text: string): Promise<void>;
}

const largestBytes = 1024 * 1024;

/** A file that is not renamed by then belongs to a run that was killed. */
const leftoverMs = 3_600_000;

export function openMetricsFolder(folder: string): MetricsFolder {
  let cleaning: Promise<void> | undefined;
  return {
    async read(name) {
      const file = path.join(folder, name);
      try {
        const stats = await fs.stat(file);
        return stats.isFile() && stats.size <= largestBytes
          ? await fs.readFile(file, 'utf8')
          : undefined;
      } catch {
        return undefined;
      }
    },

    async replace(name, text) {
      // The collector reads only names that end in .prom, and several runs may write at the same time.
      const fresh = path.join(folder, `.${name}.${randomUUID()}`);
      try {
        await fs.writeFile(fresh, text, { flag: 'wx', mode: 0o644 });
        await makeReadable(fresh);
        await fs.rename(fresh, path.join(folder, name));
        // Once per run, however many shards it has.
        await (cleaning ??= removeLeftovers(folder));
      } catch (error) {
        await fs.rm(fresh, { force: true }).catch(() => undefined);
        throw error;
      }
    },
  };
}

/** Removes what killed runs have left. Never rejects; the next run tries again. */
async function removeLeftovers(folder: string): Promise<void> {
  try {
    for (const name of await fs.readdir(folder)) {
      if (!/^\.chbackup_.+\.prom\.[\da-f-]{36}$/.test(name)) continue;
      const file = path.join(folder, name);
      const { mtimeMs } = await fs.stat(file);
      if (Date.now() - mtimeMs > leftoverMs) await fs.rm(file);
    }
  } catch {
    // Another run may have removed it.
  }
}

/** node_exporter runs as another user, and the umask may be strict. */
async function makeReadable(file: string): Promise<void> {
  try {
    await fs.chmod(file, 0o644);
  } catch (error) {
    // Some file systems have no modes.
    if (!['EPERM', 'ENOTSUP', 'EINVAL', 'ENOSYS'].includes(errnoOf(error))) throw error;
  }
}
