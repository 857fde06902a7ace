import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { ConfigError } from '../errors.js';

/** The largest file that is read without being named; a larger one belongs to something else. */
const largestFound = 1024 * 1024;

/** Resolves a path against the working directory (undefined: it was deleted). */
export function absolutePath(file: string, cwd: string | undefined): string {
  if (cwd !== undefined) return path.resolve(cwd, file);
  if (path.isAbsolute(file)) return path.resolve(file);
  throw new ConfigError(`the working directory does not exist, and ${file} is relative to it`, {
    hint: 'run chbackup in another directory, or write the whole path',
  });
}

/** Reads a text file. Files from Windows may begin with a byte order mark and be in UTF-16. */
export function readTextFile(file: string): string {
  const bytes = readFileSync(file);
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  return new TextDecoder().decode(bytes);
}

/**
 * Reads a file that was found, not named: it may be a directory, a pipe that would be waited for
 * forever, or another program's. Returns '' for anything that is not a readable file of that kind.
 */
export function readFoundFile(file: string): string {
  try {
    const stats = statSync(file);
    return stats.isFile() && stats.size <= largestFound ? readTextFile(file) : '';
  } catch {
    return '';
  }
}
