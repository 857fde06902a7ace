import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs, { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { nodeDisk } from '../../src/state/disk.js';
import type { TakenLocks } from '../../src/state/free-locks.js';
import { HostFiles } from '../../src/state/host-files.js';
import { hasFlock } from '../support/program.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'chbackup-locks-'));
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const disk = nodeDisk(process.env['PATH']);
const at = (name: string) => path.join(folder, name);
const release = (locks: TakenLocks) => locks.forEach((lock) => lock.release());
const openFiles = () => fs.readdirSync('/proc/self/fd').length;

/** Returns true if no process holds the lock. */
async function isFree(file: string): Promise<boolean> {
  return (await once(spawn('flock', ['-n', file, 'true']), 'close'))[0] === 0;
}

/** Returns a disk whose program is a shell script with these lines. */
function diskWith(program: 'flock' | 'sh', lines: string) {
  writeFileSync(at(program), `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
  return nodeDisk(`${folder}:${process.env['PATH']}`);
}

describe.skipIf(!hasFlock)('locks that are taken together (needs flock)', () => {
  test('are held until they are released, and describe their holder', async () => {
    const [one, two] = await Promise.all([
      disk.takeFreeLocks([at('a'), at('b')]),
      disk.takeFreeLocks([at('c')]),
    ]);
    expect([[...one.keys()], [...two.keys()]]).toEqual([[at('a'), at('b')], [at('c')]]);
    one.get(at('b'))?.describe('me');
    expect(disk.tryLock(at('b'))).toEqual({ kind: 'held', holder: 'me' });
    expect([await isFree(at('a')), await isFree(at('c'))]).toEqual([false, false]);
    release(one);
    expect(readFileSync(at('b'), 'utf8')).toBe('');
    expect([await isFree(at('b')), await isFree(at('c'))]).toEqual([true, false]);
    release(two);
  });

  test('do not include one that is held or that cannot be opened', async () => {
    const held = disk.tryLock(at('b'));
    const before = openFiles();
    const taken = await disk.takeFreeLocks([at('a'), at('b'), at('no/folder'), at('c')]);
    expect([...taken.keys()]).toEqual([at('a'), at('c')]);
    expect(openFiles() - before).toBe(2);
    release(taken);
    if (held.kind === 'taken') held.lock.release();
  });

  test('may be more than one shell is given', async () => {
    const files = Array.from({ length: 250 }, (_, number) => at(`lock-${number}`));
    const before = openFiles();
    const all = await Promise.all(files.map((file) => disk.takeFreeLocks([file])));
    expect(all.map((each) => [...each.keys()])).toEqual(files.map((file) => [file]));
    for (const file of files.filter((_, number) => number % 50 === 0)) {
      expect(await isFree(file)).toBe(false);
    }
    all.forEach(release);
    expect(openFiles()).toBe(before);
  });

  test('are given to the first that asks for the same file', async () => {
    const [one, two] = await Promise.all([
      disk.takeFreeLocks([at('a')]),
      disk.takeFreeLocks([at('a')]),
    ]);
    expect([one.size, two.size]).toEqual([1, 0]);
    release(one);
    expect(await isFree(at('a'))).toBe(true);
  });

  test('leave the decision about all of them to tryLock if one is held', async () => {
    const replicas = ['a', 'b', 'c'].map((name) => ({ fileName: name, agentFileName: name }));
    const files = new HostFiles(disk, folder, 'a', 'a', replicas);
    const held = disk.tryLock(at('.b_lock'));
    if (held.kind !== 'taken') throw new Error('not taken');
    held.lock.describe('another');
    const before = openFiles();
    expect(await files.tryLock()).toEqual({ kind: 'held', holder: 'another' });
    expect(openFiles()).toBe(before);
    expect([await isFree(at('.a_lock')), await isFree(at('.c_lock'))]).toEqual([true, true]);
    held.lock.release();
    const taken = await files.tryLock();
    expect(taken.kind).toBe('taken');
    expect(await isFree(at('.c_lock'))).toBe(false);
    if (taken.kind === 'taken') taken.lock.release();
    expect(await isFree(at('.c_lock'))).toBe(true);
  });

  test('are only those that the shell locked before it was killed', async () => {
    const lines = `[ "$2" = 4 ] && kill -KILL $PPID\nexec ${which('flock')} "$@"`;
    const taken = await diskWith('flock', lines).takeFreeLocks([at('a'), at('b'), at('c')]);
    expect([...taken.keys()]).toEqual([at('a')]);
    release(taken);
  });
});

describe('no lock is taken together', () => {
  test.for([
    ['flock fails', 'flock', 'echo "flock: No locks available" >&2; exit 71'],
    ['the shell fails', 'sh', 'exit 2'],
    ['the shell prints something else', 'sh', 'echo sh: 3 cannot be locked; echo 33'],
  ] as const)('if %s', async ([, program, lines]) => {
    const before = openFiles();
    const taken = await diskWith(program, lines).takeFreeLocks([at('a'), at('b')]);
    expect([taken.size, openFiles()]).toEqual([0, before]);
  });

  test('if there is no shell', async () => {
    const before = openFiles();
    mkdirSync(at('empty'));
    expect((await nodeDisk(at('empty')).takeFreeLocks([at('a'), at('b')])).size).toBe(0);
    expect(openFiles()).toBe(before);
  });

  test('if the shell cannot be started', async () => {
    const before = openFiles();
    const unusable = nodeDisk('with a null character: \0');
    expect((await unusable.takeFreeLocks([at('a'), at('b')])).size).toBe(0);
    expect(openFiles()).toBe(before);
  });

  test('if flock hangs', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const taking = diskWith('flock', `touch ${at('began')}; exec sleep 5`);
    const taken = taking.takeFreeLocks([at('a'), at('b')]);
    await vi.waitFor(() => expect(fs.existsSync(at('began'))).toBe(true));
    vi.advanceTimersByTime(10_000);
    expect((await taken).size).toBe(0);
  });

  test('if there is only one, for which no shell is started', async () => {
    const asked = diskWith('sh', `touch ${at('began')}`).takeFreeLocks([at('a')]);
    expect((await asked).size).toBe(0);
    expect([fs.existsSync(at('began')), fs.existsSync(at('a'))]).toEqual([false, false]);
  });
});

function which(program: string): string {
  const folders = (process.env['PATH'] ?? '').split(':');
  return folders.map((one) => path.join(one, program)).find((file) => fs.existsSync(file)) ?? '';
}
