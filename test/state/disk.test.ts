import fs, { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { StateError } from '../../src/errors.js';
import { nodeDisk } from '../../src/state/disk.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'chbackup-disk-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const disk = nodeDisk(process.env['PATH']);
const at = (name: string) => path.join(folder, name);

describe('files', () => {
  test('are replaced, read, appended to, removed and listed', () => {
    disk.makeFolder(at('a/b'));
    disk.makeFolder(at('a/b'));
    const file = at('a/b/file');
    expect(disk.read(file)).toBeUndefined();
    disk.replace(file, 'one');
    disk.replace(file, 'two');
    disk.append(file, ' and three');
    expect(disk.read(file)).toBe('two and three');
    expect(disk.list(at('a/b'))).toEqual(['file']);
    disk.remove(file);
    disk.remove(file);
    expect(disk.list(at('a/b'))).toEqual([]);
    expect(disk.list(at('no-such-folder'))).toEqual([]);
  });

  test('cause a StateError with the file and the reason if an operation fails', () => {
    mkdirSync(at('folder'));
    const isDirectory = 'it is a directory';
    const missing = 'no such file or directory';
    const failures: [failure: () => unknown, reason: string][] = [
      [() => disk.read(at('folder')), isDirectory],
      [() => disk.append(at('folder'), 'x'), isDirectory],
      [() => disk.replace(at('folder'), 'x'), isDirectory],
      [() => disk.replace(at('no/such/folder'), 'x'), missing],
      [() => disk.remove(at('folder')), isDirectory],
      [() => disk.tryLock(at('no/such/folder')), missing],
    ];
    for (const [failure, reason] of failures) {
      expect(failure).toThrow(StateError);
      expect(failure).toThrow(new RegExp(`^cannot \\w+ \\S+folder: ${reason}$`));
    }
  });

  test('keep the old text and leave no other file if a replacement fails', () => {
    mkdirSync(at('file'));
    writeFileSync(at('file/inside'), '');
    expect(() => disk.replace(at('file'), 'new')).toThrow(StateError);
    expect(disk.list(folder)).toEqual(['file']);
  });
});

describe('a file that is replaced', () => {
  test('is replaced through a symbolic link, which remains', () => {
    writeFileSync(at('real'), 'old');
    symlinkSync('real', at('link'));
    disk.replace(at('link'), 'new');
    expect(fs.readlinkSync(at('link'))).toBe('real');
    expect(disk.read(at('real'))).toBe('new');
    expect(disk.list(folder).sort()).toEqual(['link', 'real']);
  });

  test('is readable by other users for any umask', () => {
    const umask = process.umask(0o077);
    try {
      disk.replace(at('file'), 'x');
    } finally {
      process.umask(umask);
    }
    expect(fs.statSync(at('file')).mode & 0o777).toBe(0o644);
  });

  test('is replaced even if a crash left the new file behind', () => {
    writeFileSync(at('file.new'), 'half', { mode: 0o400 });
    disk.replace(at('file'), 'new');
    expect(disk.read(at('file'))).toBe('new');
    expect(disk.list(folder)).toEqual(['file']);
  });

  test('is written completely even if each write is partial', () => {
    const real = fs.writeSync.bind(fs) as (...all: unknown[]) => number;
    vi.spyOn(fs, 'writeSync').mockImplementation((...all: unknown[]) => {
      const [descriptor, bytes, offset, length] = all as [number, Buffer, number, number];
      return real(descriptor, bytes, offset, Math.min(length, 3));
    });
    disk.replace(at('file'), 'a long text');
    expect(disk.read(at('file'))).toBe('a long text');
  });
});

function failing(call: 'fsyncSync' | 'fchmodSync', code: string, onlyAt = 0) {
  let calls = 0;
  const real = fs[call].bind(fs) as (...all: unknown[]) => void;
  return vi.spyOn(fs, call).mockImplementation((...all: unknown[]) => {
    if (onlyAt !== 0 && ++calls !== onlyAt) return real(...all);
    throw Object.assign(new Error(`${code}: ${call}`), { code });
  });
}

const codes = ['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EPERM', 'EACCES', 'EBADF', 'EISDIR'];

describe('a file system', () => {
  test.for(codes)('may refuse fsync and chmod with %s when a file is replaced', (code) => {
    const [fsync, chmod] = [failing('fsyncSync', code), failing('fchmodSync', code)];
    disk.replace(at('file'), 'one');
    disk.replace(at('file'), 'two');
    expect(disk.read(at('file'))).toBe('two');
    disk.remove(at('file'));
    expect(disk.list(folder)).toEqual([]);
    // The file and the folder at each replacement, and the folder after the removal.
    expect([fsync.mock.calls.length, chmod.mock.calls.length]).toEqual([5, 2]);
  });

  test('may refuse to open a folder when a file is replaced', () => {
    const real = fs.openSync.bind(fs);
    vi.spyOn(fs, 'openSync').mockImplementation((file, ...rest) => {
      if (file === folder) throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
      return real(file, ...rest);
    });
    disk.replace(at('file'), 'one');
    expect(disk.read(at('file'))).toBe('one');
  });

  test.for(
    ['EIO', 'ENOSPC', 'EDQUOT', 'EROFS', 'ESTALE', 'UNKNOWN'].flatMap((code) => [
      { code, what: 'file', call: 1, left: 'old' },
      { code, what: 'folder', call: 2, left: 'new' },
    ]),
  )('causes a StateError if the fsync of the $what fails with $code', ({ code, call, left }) => {
    disk.replace(at('file'), 'old');
    failing('fsyncSync', code, call);
    expect(() => disk.replace(at('file'), 'new')).toThrow(StateError);
    expect(disk.read(at('file'))).toBe(left);
    expect(disk.list(folder)).toEqual(['file']);
  });
});

describe('the hint of an error', () => {
  test.for([
    [
      'ENOSPC',
      'no space left on the device',
      'free some space in the file system of the log directory',
    ],
    ['EDQUOT', 'disk quota exceeded', 'free some space in the file system of the log directory'],
    ['EACCES', 'permission denied', 'the user that runs chbackup must own the log directory'],
    ['EROFS', 'read-only file system', 'mount the file system of the log directory writable'],
    ['ENAMETOOLONG', 'the name is too long', 'check the path of the log directory'],
    ['EMFILE', 'too many open files', 'raise the limit of open files (ulimit -n)'],
    ['EIO', 'input/output error', 'check the disk or the network file system'],
    ['EWHATEVER', 'EWHATEVER', 'check the log directory, its permissions and its free space'],
  ] as const)('fits %s', ([code, reason, hint]) => {
    vi.spyOn(fs, 'appendFileSync').mockImplementation(() => {
      throw Object.assign(new Error(code), { code });
    });
    expect(() => disk.append('/f', 'x')).toThrow(
      expect.objectContaining({
        message: `cannot write /f: ${reason}`,
        hint: expect.stringContaining(hint) as string,
      }),
    );
  });
});
