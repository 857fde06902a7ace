import { randomUUID } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { errnoOf } from '../text.js';

/**
 * The directory that node_exporter's textfile collector reads. Nothing here blocks the process, because
 * a network file system may not answer.
 */
export interface MetricsFolder {
  /** Returns undefined if there is no such file, or if it cannot be read. */
  read(name: string): Promise<string | undefined>;
  /** Replaces a file by renaming, so that it is never read half-written. Rejects with a system error. */
  replace(name: string, text: string): Promise<void>;
}

const largestBytes = 1024 * 1024;

export function openMetricsFolder(folder: string): MetricsFolder {
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
      } catch (error) {
        await fs.rm(fresh, { force: true }).catch(() => undefined);
        throw error;
      }
    },
  };
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
