import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HostFiles } from '../../src/state/host-files.js';
import { findShardFiles } from '../../src/state/shard-files.js';
import { diskWithLocks } from '../support/lock-in-memory.js';

let folder = '';
beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'chbackup-test-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const locks = new Map<string, string>();
const disk = diskWithLocks(locks);
const named = (fileName: string) => ({ fileName, agentFileName: fileName });
const find = (...names: string[]) => findShardFiles(disk, folder, names.map(named), new Map());
const record = (host: string, backup: string) => {
  new HostFiles(disk, folder, host).recordLastBackup(backup);
};

describe('the files of a shard', () => {
  test('are those of its first replica if it is new', () => {
    expect(find('b', 'a')).toMatchObject({ owner: named('b'), others: [] });
  });

  test.for(['last backup', 'status', 'journal'])('are those of the replica with a %s', (what) => {
    const files = new HostFiles(disk, folder, 'b');
    if (what === 'last backup') files.recordLastBackup('X');
    else
      disk.replace(path.join(folder, what === 'status' ? '.b_status.json' : '.b_run.json'), '{}');
    expect(find('a', 'b', 'c')).toMatchObject({ owner: named('b'), others: [] });
  });

  test('are those with the newest last backup if several replicas have files', () => {
    record('a', 'FULL_CH_BK_2026-11-21_10-00-00');
    record('b', 'DIFF_CH_BK_2026-11-22_10-00-00');
    record('c', 'before-migration');
    const found = find('a', 'b', 'c');
    expect(found.owner).toEqual(named('b'));
    expect(found.others).toEqual([named('a'), named('c')]);
  });

  test.for<[string, string]>([
    ['FULL_CH_BK_2026-11-22_10-00-00', 'DIFF_CH_BK_2026-11-22_10-00-00'],
    ['DIFF_CH_BK_2026-11-22_10-00-00', 'FULL_CH_BK_2026-11-22_10-00-00'],
    ['DIFF_CH_BK_2026-11-22_10-00-00', 'DIFF_CH_BK_2026-11-22_10-00-00_2'],
  ])('are those with the later of two names of one second: %s, %s', ([earlier, later]) => {
    record('a', earlier);
    record('b', later);
    const atMs = Date.parse('2026-11-22T10:00:00');
    const times = new Map([earlier, later].map((name) => [name, atMs]));
    const ownerOf = (...names: string[]) =>
      findShardFiles(disk, folder, names.map(named), times).owner;
    expect(ownerOf('a', 'b')).toEqual(named('b'));
    expect(ownerOf('b', 'a')).toEqual(named('b'));
  });

  test('are chosen again once the locks are held', async () => {
    const { files } = find('a', 'b');
    expect(files.owner).toBe('a');
    record('b', 'FULL_CH_BK_2026-11-21_10-00-00');
    const attempt = await files.tryLock();
    expect(attempt.kind).toBe('taken');
    expect(files.owner).toBe('b');
    expect(files.logFile).toBe(path.join(folder, 'b_backup_ch.log'));
    expect(files.readLastBackup()).toMatchObject({ name: 'FULL_CH_BK_2026-11-21_10-00-00' });
    if (attempt.kind === 'taken') attempt.lock.release();
  });

  test('stay the same if the lock is held by another process', async () => {
    const { files } = find('a', 'b');
    const other = await find('b').files.tryLock();
    record('b', 'FULL_CH_BK_2026-11-21_10-00-00');
    expect((await files.tryLock()).kind).toBe('held');
    expect(files.owner).toBe('a');
    if (other.kind === 'taken') other.lock.release();
  });

  test('have the locks of all replicas, whatever their order, or none', async () => {
    const first = await find('b', 'a').files.tryLock();
    expect(first.kind).toBe('taken');
    expect((await find('a', 'b').files.tryLock()).kind).toBe('held');
    expect((await find('a').files.tryLock()).kind).toBe('held');
    if (first.kind === 'taken') first.lock.release();
    const single = await find('b').files.tryLock();
    expect(single.kind).toBe('taken');
    // The lock of `a` is given back.
    expect((await find('a', 'b').files.tryLock()).kind).toBe('held');
    expect((await find('a').files.tryLock()).kind).toBe('taken');
  });
});
