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

/** Acquires the lock or fails the test. */
function acquire(file: string): HeldLock {
  const attempt = disk.tryLock(file);
  if (attempt.kind === 'held') throw new Error(`held by ${attempt.holder}`);
  return attempt.lock;
}

describe.skipIf(!hasFlock)('the lock of a file (needs flock)', () => {
  test('is exclusive until it is released, and describes its holder', () => {
    const file = at('lock');
    const lock = acquire(file);
    expect(disk.tryLock(file)).toEqual({ kind: 'held', holder: '' });
    lock.describe('a long description of the first holder');
    lock.describe('me');
    expect(disk.tryLock(file)).toEqual({ kind: 'held', holder: 'me' });
    lock.release();
    expect(readFileSync(file, 'utf8')).toBe('');
    acquire(file).release();
  });

  test('does not lock another file', () => {
    const one = acquire(at('one'));
    expect(disk.tryLock(at('other'))).toHaveProperty('kind', 'taken');
    one.release();
  });

  test('is refused while another process holds it, and is free once that process is killed', async () => {
    const file = at('lock');
    writeFileSync(file, 'another process');
    const holder = spawn('flock', ['-n', file, 'sh', '-c', 'echo held; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    await once(holder.stdout, 'data');
    expect(disk.tryLock(file)).toEqual({ kind: 'held', holder: 'another process' });
    process.kill(-(holder.pid ?? 0), 'SIGKILL');
    await once(holder, 'close');
    acquire(file).release();
  });

  test('is refused to other processes even after the flock process has ended', async () => {
    const file = at('lock');
    const lock = acquire(file);
    const rival = () => once(spawn('flock', ['-n', file, 'true']), 'close');
    expect(await rival()).toEqual([1, null]);
    lock.release();
    expect(await rival()).toEqual([0, null]);
  });
});

/** Returns a disk whose flock program is a shell script with these lines. */
function diskWith(lines: string) {
  writeFileSync(at('flock'), `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
  return nodeDisk(`${folder}:${process.env['PATH']}`);
}

describe('the program flock', () => {
  test('causes a ConfigError if it is missing', () => {
    expect(() => nodeDisk(folder).tryLock(at('lock'))).toThrow(ConfigError);
    expect(() => nodeDisk(folder).tryLock(at('lock'))).toThrow('flock is not on PATH');
  });

  test.for([2, 64, 66, 71, 127])('causes a StateError if it exits with %i', (code) => {
    const attempt = () => diskWith(`exit ${code}`).tryLock(at('lock'));
    expect(attempt).toThrow(StateError);
    expect(attempt).toThrow(`flock exited with ${code}`);
  });

  test.for([
    ['busybox', 1, 'flock: No locks available', 'no locks available'],
    ['toybox', 1, 'flock: flock: Function not implemented', 'function not implemented'],
    ['util-linux', 71, 'flock: 3: No locks available', 'no locks available'],
    ['busybox without flock', 127, 'flock: applet not found', 'applet not found'],
    [
      'flock, after a warning',
      1,
      'ld.so: ignored\nflock: Input/output error',
      'input/output error',
    ],
  ] as const)(
    'of %s: an exit with %i and an error causes a StateError with that error',
    ([, code, printed, words]) => {
      const attempt = () =>
        diskWith(`printf '${printed}\\n' >&2; exit ${code}`).tryLock(at('lock'));
      expect(attempt).toThrow(StateError);
      expect(attempt).toThrow(`cannot lock ${at('lock')}: ${words}`);
      expect(attempt).toThrow(
        expect.objectContaining({ exitCode: 1, hint: expect.stringContaining('supports locks') }),
      );
    },
  );

  test('means that another process holds the lock if it exits with 1 without an error', () => {
    writeFileSync(at('lock'), 'me');
    expect(diskWith('exit 1').tryLock(at('lock'))).toEqual({ kind: 'held', holder: 'me' });
  });

  test('is run again if a signal to our process group ended it', () => {
    const lines = `[ -e ${at('tried')} ] && exit 1\ntouch ${at('tried')}; kill -INT $$`;
    expect(diskWith(lines).tryLock(at('lock'))).toEqual({ kind: 'held', holder: '' });
  });

  test('causes a StateError if it is killed each time', () => {
    const attempt = () => diskWith('kill -KILL $$').tryLock(at('lock'));
    expect(attempt).toThrow(StateError);
    expect(attempt).toThrow('flock was killed by SIGKILL');
  });

  test('causes a StateError if it cannot be run', () => {
    mkdirSync(at('flock'));
    const attempt = () => nodeDisk(folder).tryLock(at('lock'));
    expect(attempt).toThrow(StateError);
    expect(attempt).toThrow('flock cannot be run: permission denied');
  });
});

describe.skipIf(!hasFlock)('a disk on which a lock cannot be described (needs flock)', () => {
  test('locks anyway', () => {
    vi.spyOn(fs, 'writeSync').mockImplementation(() => {
      throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    });
    const lock = acquire(at('lock'));
    lock.describe('me');
    expect(disk.tryLock(at('lock'))).toEqual({ kind: 'held', holder: '' });
    lock.release();
    acquire(at('lock')).release();
  });
});
