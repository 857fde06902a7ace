import { constants } from 'node:os';
import { stripVTControlCharacters } from 'node:util';
import prettyBytes from 'pretty-bytes';
import prettyMs from 'pretty-ms';

/** The number of names that one line lists. */
const mostListed = 20;

/** Control, format (bidirectional overrides, zero-width) and lone surrogate characters. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}]/gu;

/** The same characters, except for the line breaks of indented JSON. */
const unprintableInJson = /[^\P{Cc}\n]|[\p{Cf}\p{Cs}]/gu;

/**
 * Returns the text without escape sequences and invisible characters; line breaks and tabs become
 * spaces.
 */
export function visible(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/[\t\n\r]+/g, ' ')
    .replace(unprintable, '');
}

/** Returns the text as one line that is safe for a terminal or a log file, without extra spaces. */
export function oneLine(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/\s+/g, ' ')
    .replace(unprintable, '')
    .replace(/ +/g, ' ')
    .trim();
}

/**
 * Returns the JSON with all characters escaped that are unsafe for a terminal: `JSON.stringify` leaves
 * some of them unescaped.
 */
export function harmlessJson(json: string): string {
  return json.replace(unprintableInJson, (character) =>
    Array.from({ length: character.length }, (_, at) => {
      return `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`;
    }).join(''),
  );
}

/** The maximum length of a server's text when shown, in characters. */
const longest = 500;
/** How much of a text is read, in characters: it may be megabytes long. */
const longestRaw = 20_000;

/**
 * Returns a text that chbackup did not write as one line that is safe for a terminal or a log file:
 * without escape sequences and control characters, at most 500 characters long.
 */
export function presentable(text: string): string {
  const line = oneLine(text.slice(0, longestRaw));
  const characters = Array.from(line);
  return characters.length > longest ? `${characters.slice(0, longest - 1).join('')}…` : line;
}

/** Returns the code of a system error, such as `ENOENT`; `error` if it has none. */
export function errnoOf(error: unknown): string {
  const { code = 'error', errno = 0 } = error as NodeJS.ErrnoException;
  if (!code.startsWith('Unknown system error')) return code.replace(/^ERR_FS_/, '');
  // Node.js does not know the names of all errors, for example of EDQUOT.
  const names = Object.entries(constants.errno);
  return names.find(([, number]) => number === -errno)?.[0] ?? code;
}

/** The errors of files, directories and programs, in words. */
const errnoWords: Record<string, string> = {
  EACCES: 'permission denied',
  EBADF: 'bad file descriptor',
  EBUSY: 'the file is in use',
  EDQUOT: 'disk quota exceeded',
  EEXIST: 'the file exists already',
  EFBIG: 'the file is too large',
  EINVAL: 'not supported by the file system',
  EIO: 'input/output error',
  EISDIR: 'it is a directory',
  ELOOP: 'too many symbolic links',
  EMFILE: 'too many open files',
  ENAMETOOLONG: 'the name is too long',
  ENFILE: 'too many open files in the system',
  ENODEV: 'no such device',
  ENOENT: 'no such file or directory',
  ENOEXEC: 'not a program that this system can run',
  ENOLCK: 'no locks available',
  ENOMEM: 'not enough memory',
  ENOSPC: 'no space left on the device',
  ENOTDIR: 'part of the path is not a directory',
  ENOTSUP: 'not supported by the file system',
  ENXIO: 'no such device',
  EPERM: 'operation not permitted',
  EPIPE: 'broken pipe',
  EROFS: 'read-only file system',
  ESTALE: 'stale file handle',
  ETIMEDOUT: 'timed out',
  ETXTBSY: 'the program is being written',
};

/** Returns a system error in words, such as `permission denied`; the code of one that is not known. */
export function describeErrno(error: unknown): string {
  const code = errnoOf(error);
  return errnoWords[code] ?? code;
}

/** Returns a size such as `8.36 MiB`, in binary units. */
export function formatBytes(bytes: number): string {
  return prettyBytes(bytes, { binary: true });
}

/** Returns an age or a duration such as `3d 4h`, in its two largest units, down to seconds. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return seconds === 0 ? '0s' : prettyMs(seconds * 1000, { unitCount: 2 });
}

/** Returns the names as `a, b, c`, at most 20 of them and the number of the others. */
export function shortList(names: readonly string[]): string {
  const more = names.length - mostListed;
  return `${names.slice(0, mostListed).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Returns `1 backup` or `3 backups`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
