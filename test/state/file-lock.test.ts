import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs, { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ConfigError, StateError } from '../../src/errors.js';
import { nodeDisk } from '../../src/state/disk.js';
import type { HeldLock } from '../../src/state/file-lock.js';
import { hasFlock } from '../support/program.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'chbackup-lock-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const disk = nodeDisk(process.env['PATH']);
const at = (name: string) => path.join(folder, name);

/** Takes the lock, or fails the test. */
function take(file: string): HeldLock {
  const attempt = disk.tryLock(file);
  if (attempt.kind === 'held') throw new Error(`held by ${attempt.holder}`);
  return attempt.lock;
}

describe.skipIf(!hasFlock)('the lock of a file (needs flock)', () => {
  test('is one’s own until it is released, and tells who holds it', () => {
    const file = at('lock');
    const lock = take(file);
    expect(disk.tryLock(file)).toEqual({ kind: 'held', holder: '' });
    lock.describe('a long description of the first holder');
    lock.describe('me');
    expect(disk.tryLock(file)).toEqual({ kind: 'held', holder: 'me' });
    lock.release();
    expect(readFileSync(file, 'utf8')).toBe('');
    take(file).release();
  });

  test('another file’s lock is another lock', () => {
    const one = take(at('one'));
    expect(disk.tryLock(at('other'))).toHaveProperty('kind', 'taken');
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
    expect(disk.tryLock(file)).toEqual({ kind: 'held', holder: 'somebody' });
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

/** The disk where a program of these lines is called flock. */
function diskWith(lines: string) {
  writeFileSync(at('flock'), `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
  return nodeDisk(`${folder}:${process.env['PATH']}`);
}

describe('the program flock', () => {
  test('that is not there is a ConfigError naming its package', () => {
    expect(() => nodeDisk(folder).tryLock(at('lock'))).toThrow(ConfigError);
    expect(() => nodeDisk(folder).tryLock(at('lock'))).toThrow('flock is not on PATH');
  });

  test.for([2, 64, 66, 71, 127])('that ends with %i is a StateError, never a lock', (code) => {
    const attempt = () => diskWith(`exit ${code}`).tryLock(at('lock'));
    expect(attempt).toThrow(StateError);
    expect(attempt).toThrow(`flock ended with ${code}`);
  });

  test.for([
    ['busybox', 1, 'flock: No locks available', 'no locks available'],
    ['toybox', 1, 'flock: flock: Function not implemented', 'function not implemented'],
    ['util-linux', 71, 'flock: 3: No locks available', 'no locks available'],
    ['a busybox without it', 127, 'flock: applet not found', 'applet not found'],
    ['one after a notice', 1, 'ld.so: ignored\nflock: Input/output error', 'input/output error'],
  ] as const)('of %s that ends with %i and an error: its words', ([, code, printed, words]) => {
    const attempt = () => diskWith(`printf '${printed}\\n' >&2; exit ${code}`).tryLock(at('lock'));
    expect(attempt).toThrow(StateError);
    expect(attempt).toThrow(`cannot lock ${at('lock')}: ${words}`);
    expect(attempt).toThrow(
      expect.objectContaining({ exitCode: 1, hint: expect.stringContaining('supports locks') }),
    );
  });

  test('that ends with 1 and no word: another process holds the lock', () => {
    writeFileSync(at('lock'), 'me');
    expect(diskWith('exit 1').tryLock(at('lock'))).toEqual({ kind: 'held', holder: 'me' });
  });

  test('that a signal to our group ends is asked again', () => {
    const lines = `[ -e ${at('tried')} ] && exit 1\ntouch ${at('tried')}; kill -INT $$`;
    expect(diskWith(lines).tryLock(at('lock'))).toEqual({ kind: 'held', holder: '' });
  });

  test('that is killed each time is a StateError, never a lock', () => {
    const attempt = () => diskWith('kill -KILL $$').tryLock(at('lock'));
    expect(attempt).toThrow(StateError);
    expect(attempt).toThrow('flock was killed by SIGKILL');
  });

  test('that cannot be run is a StateError, never a lock', () => {
    mkdirSync(at('flock'));
    const attempt = () => nodeDisk(folder).tryLock(at('lock'));
    expect(attempt).toThrow(StateError);
    expect(attempt).toThrow('flock cannot be run: EACCES');
  });
});

describe.skipIf(!hasFlock)('a disk on which a lock cannot be described (needs flock)', () => {
  test('locks all the same', () => {
    vi.spyOn(fs, 'writeSync').mockImplementation(() => {
      throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    });
    const lock = take(at('lock'));
    lock.describe('me');
    expect(disk.tryLock(at('lock'))).toEqual({ kind: 'held', holder: '' });
    lock.release();
    take(at('lock')).release();
  });
});
