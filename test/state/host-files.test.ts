import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/time/clock.js';
import { nodeDisk } from '../../src/state/disk.js';
import { LogDirectory } from '../../src/state/log-directory.js';
import { HostFiles, type Journal } from '../../src/state/host-files.js';
import { diskWithLocks } from '../support/lock-in-memory.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'chbackup-state-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const disk = nodeDisk(process.env['PATH']);
const files = () => new HostFiles(disk, folder, 'ch1');
const journal: Journal = {
  kind: 'DIFF',
  backup: 'DIFF_CH_BK_2026-11-22_10-00-00',
  base: 'FULL_CH_BK_2026-11-21_20-30-00',
  phase: 'upload',
  startedAt: '2026-11-22 10:00:00',
  lastBackup: 'FULL_CH_BK_2026-11-21_20-30-00',
};

describe('the files of a host', () => {
  test('are called as the bash agent called them', () => {
    files().recordLastBackup('B1');
    files().writeJournal(journal);
    expect(readdirSync(folder).sort()).toEqual(['.ch1_last_backup', '.ch1_run.json']);
    expect(files().logFile).toBe(path.join(folder, 'ch1_backup_ch.log'));
    expect(disk.read(files().lastBackupFile)).toBe('B1');
  });

  test('the last-backup file: recorded, read', () => {
    expect(files().readLastBackup()).toEqual({
      kind: 'none',
      reason: 'there is no last-backup file',
    });
    files().recordLastBackup('B1');
    expect(files().readLastBackup()).toEqual({ kind: 'named', name: 'B1' });
  });

  test('the agent’s last-backup file is used until one of ours is recorded', () => {
    const ours = new HostFiles(disk, folder, 'proj-ch-1', 'proj_ch_1');
    disk.replace(path.join(folder, '.proj_ch_1_last_backup'), ' ');
    expect(ours.readLastBackup()).toEqual({
      kind: 'none',
      reason: `${folder}/.proj_ch_1_last_backup is empty`,
    });
    disk.replace(path.join(folder, '.proj_ch_1_last_backup'), 'OLD\n');
    expect(ours.readLastBackup()).toEqual({ kind: 'named', name: 'OLD' });
    ours.recordLastBackup('NEW');
    expect(readdirSync(folder)).toEqual(['.proj-ch-1_last_backup']);
    expect(ours.readLastBackup()).toEqual({ kind: 'named', name: 'NEW' });
  });

  test('… unless it is that of a host with a port, which has had a lock', () => {
    const withPort = new HostFiles(disk, folder, 'a_1');
    withPort.recordLastBackup('ITS_OWN');
    const lock = withPort.tryLock();
    if (lock.kind === 'taken') lock.lock.release();
    const ours = new HostFiles(disk, folder, 'a-1', 'a_1');
    expect(ours.readLastBackup()).toEqual({ kind: 'none', reason: 'there is no last-backup file' });
    ours.recordLastBackup('B');
    expect(withPort.readLastBackup()).toEqual({ kind: 'named', name: 'ITS_OWN' });
  });

  test('the journal: written, read, removed', () => {
    expect(files().readJournal()).toEqual({ kind: 'none' });
    files().writeJournal(journal);
    expect(files().readJournal()).toEqual({ kind: 'journal', journal });
    files().removeJournal();
    expect(files().readJournal()).toEqual({ kind: 'none' });
  });

  test.for([
    '',
    'x',
    '{}',
    JSON.stringify({ ...journal, phase: 'prove' }),
    JSON.stringify({ ...journal, backup: '../x' }),
    JSON.stringify({ ...journal, backup: '' }),
    JSON.stringify({ ...journal, base: undefined }),
  ])('a journal of %j is unreadable', (text) => {
    writeFileSync(path.join(folder, '.ch1_run.json'), text);
    expect(files().readJournal()).toEqual({ kind: 'unreadable' });
  });

  test('the last-backup files of all hosts', () => {
    new HostFiles(disk, folder, 'ch1').recordLastBackup('B1');
    new HostFiles(disk, folder, 'ch2_8080').recordLastBackup('B2');
    writeFileSync(path.join(folder, '.ch3_last_backup'), '\n');
    writeFileSync(path.join(folder, 'ch4_last_backup'), 'B4');
    const name = (host: string) => path.join(folder, `.${host}_last_backup`);
    expect(new LogDirectory(disk, folder).readLastBackups()).toEqual([
      { file: name('ch1'), name: 'B1' },
      { file: name('ch2_8080'), name: 'B2' },
    ]);
    expect(new LogDirectory(disk, path.join(folder, 'none')).readLastBackups()).toEqual([]);
  });
});

describe('names', () => {
  const take = (wanted: string, isTaken: (name: string) => boolean = () => false) =>
    new LogDirectory(diskWithLocks(new Map()), folder).reserveName({
      wanted,
      isTaken,
      clock: systemClock,
      signal: new AbortController().signal,
    });

  test('one is given once', async () => {
    expect(await take('A')).toBe('A');
    expect(await take('A')).toBe('A_2');
    expect(await take('B')).toBe('B');
    expect(await take('A', (name) => name === 'A_3')).toBe('A_4');
  });

  test('only the newest 5000 are remembered', async () => {
    const old = Array.from({ length: 5000 }, (_, at) => `N${at}`);
    writeFileSync(path.join(folder, '.given_names'), `${old.join('\n')}\n`);
    expect(await take('A')).toBe('A');
    const given = disk.read(path.join(folder, '.given_names'))?.trimEnd().split('\n');
    expect(given).toHaveLength(5000);
    expect([given?.[0], given?.at(-1)]).toEqual(['N1', 'A']);
  });
});
