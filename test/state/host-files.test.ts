import fs, {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/time/clock.js';
import { nodeDisk } from '../../src/state/disk.js';
import { NameGiver } from '../../src/state/name-giver.js';
import { LogDirectory } from '../../src/state/log-directory.js';
import { HostFiles } from '../../src/state/host-files.js';
import type { Journal } from '../../src/state/journal.js';
import { diskWithLocks } from '../support/lock-in-memory.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'chbackup-state-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const disk = nodeDisk(process.env['PATH']);
const files = () => new HostFiles(disk, folder, 'ch1');
const journal: Journal = {
  kind: 'DIFF',
  backup: 'DIFF_CH_BK_2026-11-22_10-00-00',
  base: 'FULL_CH_BK_2026-11-21_20-30-00',
  phase: 'upload',
  replica: 'ch1',
  startedAt: '2026-11-22 10:00:00',
  lastBackup: 'FULL_CH_BK_2026-11-21_20-30-00',
  notReplicated: [],
};

describe('the files of a host', () => {
  test('have the same names as with clickhouse-backup-agent', () => {
    files().recordLastBackup('B1');
    files().writeJournal(journal);
    expect(readdirSync(folder).sort()).toEqual(['.ch1_last_backup', '.ch1_run.json']);
    expect(files().logFile).toBe(path.join(folder, 'ch1_backup_ch.log'));
    expect(disk.read(files().lastBackupFile)).toBe('B1');
  });

  test('include the last-backup file, which can be recorded and read', () => {
    expect(files().readLastBackup()).toEqual({
      kind: 'none',
      reason: 'there is no last-backup file',
    });
    files().recordLastBackup('B1');
    expect(files().readLastBackup()).toEqual({ kind: 'named', name: 'B1' });
  });

  test('include the last-backup file of clickhouse-backup-agent until a backup is recorded', () => {
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

  test('do not include the last-backup file of a host with a port, which has a lock file', async () => {
    const withPort = new HostFiles(disk, folder, 'a_1');
    withPort.recordLastBackup('ITS_OWN');
    const lock = await withPort.tryLock();
    if (lock.kind === 'taken') lock.lock.release();
    const ours = new HostFiles(disk, folder, 'a-1', 'a_1');
    expect(ours.readLastBackup()).toEqual({ kind: 'none', reason: 'there is no last-backup file' });
    ours.recordLastBackup('B');
    expect(withPort.readLastBackup()).toEqual({ kind: 'named', name: 'ITS_OWN' });
  });

  test('include the journal, which can be written, read and removed', () => {
    expect(files().readJournal()).toEqual({ kind: 'none' });
    files().writeJournal(journal);
    expect(files().readJournal()).toEqual({ kind: 'journal', journal });
    files().removeJournal();
    expect(files().readJournal()).toEqual({ kind: 'none' });
  });

  test('are flushed before the run continues, except where recovery makes up for it', () => {
    const fsync = vi.spyOn(fs, 'fsyncSync');
    const calls = (work: () => void) => {
      fsync.mockClear();
      work();
      return fsync.mock.calls.length;
    };
    // The file and the name in the folder.
    expect(calls(() => files().writeJournal(journal))).toBe(2);
    expect(calls(() => files().recordLastBackup('B1'))).toBe(2);
    const withPort = new HostFiles(disk, folder, 'ch1_7172', 'ch1');
    expect(calls(() => withPort.recordLastBackup('B1'))).toBe(2 + 1);
    expect(calls(() => withPort.recordLastBackup('B2'))).toBe(2);
    const status = { firstRunAt: new Date(0), lastRuns: {}, lastSuccess: {} };
    expect(calls(() => files().writeStatus(status))).toBe(1);
    expect(calls(() => files().removeJournal())).toBe(0);
  });

  test('include a journal without a base, in which the base is empty', () => {
    const full = { ...journal, base: undefined, lastBackup: undefined };
    files().writeJournal(full);
    const text = readFileSync(path.join(folder, '.ch1_run.json'), 'utf8');
    expect(JSON.parse(text)).toEqual({ ...journal, base: '', lastBackup: '' });
    expect(files().readJournal()).toEqual({ kind: 'journal', journal: full });
  });

  test('include a journal of an earlier version, which names no replica', () => {
    const { replica: _, ...earlier } = { ...journal };
    writeFileSync(path.join(folder, '.ch1_run.json'), JSON.stringify(earlier));
    expect(files().readJournal()).toEqual({ kind: 'journal', journal });
  });

  test.for([
    '',
    'x',
    '{}',
    JSON.stringify({ ...journal, phase: 'prove' }),
    JSON.stringify({ ...journal, backup: '../x' }),
    JSON.stringify({ ...journal, backup: '' }),
    JSON.stringify({ ...journal, base: undefined }),
  ])('report the journal %j as unreadable', (text) => {
    writeFileSync(path.join(folder, '.ch1_run.json'), text);
    expect(files().readJournal()).toEqual({ kind: 'unreadable' });
  });

  test.for([
    ['ch1_backup_ch.log', true],
    ['.ch1_run.json', true],
    ['.ch1_lock', true],
    ['.ch1_status.json', true],
    ['.ch1_last_backup', true],
    ['.ch2_last_backup', false],
    ['ch1_backup_ch.log.1', false],
  ] as const)('exist if one of them does: %s is one: %s', ([name, exist]) => {
    expect(files().exist()).toBe(false);
    symlinkSync('no-such-file', path.join(folder, name));
    expect(files().exist()).toBe(exist);
  });

  test('count as existing if that cannot be found out', () => {
    const file = path.join(folder, 'file');
    writeFileSync(file, '');
    expect(new HostFiles(disk, file, 'ch1').exist()).toBe(true);
    expect(new HostFiles(disk, path.join(folder, 'none'), 'ch1').exist()).toBe(false);
  });

  test('are read once for what the shards of a command are only warned of', () => {
    const directory = new LogDirectory(disk, folder);
    files().recordLastBackup('B1');
    const first = directory.earlier();
    expect(first.lastBackups).toEqual([{ file: files().lastBackupFile, name: 'B1' }]);
    files().recordLastBackup('B2');
    expect(directory.earlier()).toEqual(first);
    expect(directory.readLastBackups()).toEqual([{ file: files().lastBackupFile, name: 'B2' }]);
  });

  test('can be listed for the last-backup files of all hosts', () => {
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

describe('reserveName', () => {
  const atMs = Date.parse('2026-11-22T10:00:00.900Z');
  const reserve = async (wanted: string, isTaken: (name: string) => boolean = () => false) => {
    const names = new NameGiver({
      disk: diskWithLocks(new Map()),
      folder,
      clock: { ...systemClock, now: () => atMs },
      signal: new AbortController().signal,
      togetherMs: 0,
    });
    return (await names.reserve({ wanted: () => wanted, isTaken })).name;
  };

  test('never reserves a name twice', async () => {
    expect(await reserve('A')).toBe('A');
    expect(await reserve('A')).toBe('A_2');
    expect(await reserve('B')).toBe('B');
    expect(await reserve('A', (name) => name === 'A_3')).toBe('A_4');
  });

  test('records the UTC second in each name, and reads lines of earlier versions', async () => {
    writeFileSync(path.join(folder, '.given_names'), 'OLD\nN 1795000000\nBAD x\n');
    expect(await reserve('OLD')).toBe('OLD_2');
    expect(await reserve('N')).toBe('N_2');
    expect(await reserve('BAD')).toBe('BAD_2');
    const directory = new LogDirectory(disk, folder);
    expect([...directory.readCreationTimes()]).toEqual([
      ['N', 1_795_000_000_000],
      ...['OLD_2', 'N_2', 'BAD_2'].map((name) => [name, Date.parse('2026-11-22T10:00:00Z')]),
    ]);
    expect(new LogDirectory(disk, path.join(folder, 'none')).readCreationTimes().size).toBe(0);
  });

  test('keeps all names of 14 days', async () => {
    const fortnight = 14 * 24 * 3600;
    const nowSeconds = Math.floor(atMs / 1000);
    const young = Array.from({ length: 6000 }, (_, at) => `N${at} ${nowSeconds - fortnight + 1}`);
    const old = [`TOO_OLD ${nowSeconds - fortnight}`, 'UNDATED'];
    writeFileSync(path.join(folder, '.given_names'), `${[...old, ...young].join('\n')}\n`);
    expect(await reserve('A')).toBe('A');
    const used = disk.read(path.join(folder, '.given_names'))?.trimEnd().split('\n');
    expect(used).toEqual([...young, `A ${nowSeconds}`]);
  });

  test('remembers only the newest 5000 names', async () => {
    const old = Array.from({ length: 5000 }, (_, at) => `N${at}`);
    writeFileSync(path.join(folder, '.given_names'), `${old.join('\n')}\n`);
    expect(await reserve('A')).toBe('A');
    const used = disk.read(path.join(folder, '.given_names'))?.trimEnd().split('\n');
    expect(used).toHaveLength(5000);
    expect([used?.[0], used?.at(-1)]).toEqual(['N1', 'A 1795341600']);
  });
});
