import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConfigError, StateError } from '../../src/errors.js';
import { type HeldLock, nodeDisk } from '../../src/state/disk.js';
import { hasFlock } from '../support/program.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'chbackup-disk-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

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

  test('what cannot be done is a StateError that names the file and the reason', () => {
    mkdirSync(at('folder'));
    const failures = [
      () => disk.read(at('folder')),
      () => disk.append(at('folder'), 'x'),
      () => disk.replace(at('folder'), 'x'),
      () => disk.replace(at('no/such/folder'), 'x'),
      () => disk.remove(at('folder')),
      () => disk.tryLock(at('no/such/folder')),
    ];
    for (const failure of failures) {
      expect(failure).toThrow(StateError);
      expect(failure).toThrow(/^cannot \w+ \S+folder: E[A-Z_]+$/);
    }
  });

  test('a replacement that fails leaves the old text, and nothing beside it', () => {
    mkdirSync(at('file'));
    writeFileSync(at('file/inside'), '');
    expect(() => disk.replace(at('file'), 'new')).toThrow(StateError);
    expect(disk.list(folder)).toEqual(['file']);
  });
});

/** Takes the lock, or fails the test. */
function take(file: string): HeldLock {
  const lock = disk.tryLock(file);
  if (!('release' in lock)) throw new Error(`held by ${lock.heldBy}`);
  return lock;
}

describe.skipIf(!hasFlock)('the lock of a file (needs flock)', () => {
  test('is one’s own until it is released, and tells who holds it', () => {
    const file = at('lock');
    const lock = take(file);
    expect(disk.tryLock(file)).toEqual({ heldBy: '' });
    lock.describe('a long description of the first holder');
    lock.describe('me');
    expect(disk.tryLock(file)).toEqual({ heldBy: 'me' });
    lock.release();
    expect(readFileSync(file, 'utf8')).toBe('');
    take(file).release();
  });

  test('another file’s lock is another lock', () => {
    const one = take(at('one'));
    expect(disk.tryLock(at('other'))).not.toHaveProperty('heldBy');
    one.release();
  });

  test('somebody else’s is respected, and freed by the kernel when they are killed', async () => {
    const file = at('lock');
    writeFileSync(file, 'somebody');
    const holder = spawn('flock', ['-n', file, 'sh', '-c', 'echo held; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    await once(holder.stdout, 'data');
    expect(disk.tryLock(file)).toEqual({ heldBy: 'somebody' });
    process.kill(-(holder.pid ?? 0), 'SIGKILL');
    await once(holder, 'close');
    take(file).release();
  });

  test('ours is respected by others, though the flock that took it has ended', async () => {
    const file = at('lock');
    const lock = take(file);
    const rival = () => once(spawn('flock', ['-n', file, 'true']), 'close');
    expect(await rival()).toEqual([1, null]);
    lock.release();
    expect(await rival()).toEqual([0, null]);
  });
});

describe('the program flock', () => {
  test('that is not there is a ConfigError naming its package', () => {
    expect(() => nodeDisk(folder).tryLock(at('lock'))).toThrow(ConfigError);
    expect(() => nodeDisk(folder).tryLock(at('lock'))).toThrow('flock is not on PATH');
  });

  test.for([64, 66, 71])('that ends with %i is a StateError, never a lock', (code) => {
    writeFileSync(at('flock'), `#!/bin/sh\nexit ${code}\n`, { mode: 0o755 });
    const attempt = () => nodeDisk(`${folder}:${process.env['PATH']}`).tryLock(at('lock'));
    expect(attempt).toThrow(StateError);
    expect(attempt).toThrow(`flock ended with ${code}`);
  });
});
