import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { ConfigError } from '../errors.js';

/** The size limit of a file that the user did not name: a larger one contains no settings. */
const largestFound = 1024 * 1024;

/**
 * Resolves a path against the working directory; `cwd` is undefined if that was deleted. Throws
 * `ConfigError` if a relative path cannot be resolved.
 */
export function absolutePath(file: string, cwd: string | undefined): string {
  if (cwd !== undefined) return path.resolve(cwd, file);
  if (path.isAbsolute(file)) return path.resolve(file);
  throw new ConfigError(`the working directory does not exist, and ${file} is relative to it`, {
    hint: 'run chbackup in an existing directory, or give the absolute path',
  });
}

/** Reads a text file in UTF-8, or in UTF-16 with a byte order mark, as written on Windows. */
export function readTextFile(file: string): string {
  const bytes = readFileSync(file);
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  return new TextDecoder().decode(bytes);
}

/**
 * Reads a file that the user did not name. Returns '' if it is not a regular, readable file of at most
 * 1 MiB: it may be a directory, a pipe that would block forever, or another program's file.
 */
export function readFoundFile(file: string): string {
  try {
    const stats = statSync(file);
    return stats.isFile() && stats.size <= largestFound ? readTextFile(file) : '';
  } catch {
    return '';
  }
}
