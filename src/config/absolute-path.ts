import path from 'node:path';
import { ConfigError } from '../errors.js';

/** Resolves a path against the working directory (undefined: it was deleted). */
export function absolutePath(file: string, cwd: string | undefined): string {
  if (cwd !== undefined) return path.resolve(cwd, file);
  if (path.isAbsolute(file)) return path.resolve(file);
  throw new ConfigError(`the working directory does not exist, and ${file} is relative to it`, {
    hint: 'run chbackup in another directory, or write the whole path',
  });
}
