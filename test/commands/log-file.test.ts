import { mkdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { describe, expect } from 'vitest';
import { StateError } from '../../src/errors.js';
import type { Disk } from '../../src/state/disk.js';
import { type Harness, test } from '../support/harness.js';
import { diskWithLocks } from '../support/lock-in-memory.js';

/** Returns a disk that cannot write matching files, starting with the first text that contains `from`. */
function failingDisk(what: 'append' | 'replace', file: RegExp, from = ''): Disk {
  const disk = diskWithLocks(new Map());
  let isFull = false;
  return {
    ...disk,
    [what]: (name: string, text: string) => {
      isFull ||= file.test(name) && text.includes(from);
      if (isFull && file.test(name)) throw new StateError(`cannot write ${name}: ENOSPC`);
      disk[what](name, text);
    },
  };
}

const posts = (harness: Harness) => harness.requests(/^POST/).length;

test('logs a run between two lines, in the format of clickhouse-backup-agent', async ({
  harnessOf,
}) => {
  const harness = await harnessOf({ version: '2.4.0' });
  await harness.run('create-full');
  expect(harness.log).toBe(`
##### started at 2026-11-22_10-00-00 #####
{
  "status": "acknowledged",
  "operation": "create",
  "backup_name": "FULL_CH_BK_2026-11-22_10-00-00"
}
{
  "command": "create FULL_CH_BK_2026-11-22_10-00-00",
  "status": "success",
  "start": "2026-11-22 10:00:00",
  "finish": "2026-11-22 10:00:01"
}
{
  "status": "acknowledged",
  "operation": "upload",
  "backup_name": "FULL_CH_BK_2026-11-22_10-00-00",
  "diff": false
}
{
  "command": "upload FULL_CH_BK_2026-11-22_10-00-00",
  "status": "success",
  "start": "2026-11-22 10:00:01",
  "finish": "2026-11-22 10:00:03"
}

NOTE:
could not check whether backup FULL_CH_BK_2026-11-22_10-00-00 is complete: clickhouse-backup before 2.7.0 does not show which backups are complete
-------------

##### finished at 2026-11-22_10-00-03 #####
`);
});

test('logs an error under a heading, after the action log row of the server', async ({
  harnessOf,
}) => {
  const harness = await harnessOf({ version: '2.4.0' });
  harness.simulator.failNext('create', 'code: 241, memory limit');
  await harness.run('create-full');
  expect(harness.log).toBe(`
##### started at 2026-11-22_10-00-00 #####
{
  "status": "acknowledged",
  "operation": "create",
  "backup_name": "FULL_CH_BK_2026-11-22_10-00-00"
}
{
  "command": "create FULL_CH_BK_2026-11-22_10-00-00",
  "status": "error",
  "start": "2026-11-22 10:00:00",
  "finish": "2026-11-22 10:00:01",
  "error": "code: 241, memory limit"
}

CREATE BACKUP ERROR:
the creation of backup FULL_CH_BK_2026-11-22_10-00-00 failed: code: 241, memory limit
-------------

##### finished at 2026-11-22_10-00-01 #####
`);
});

test('logs only the type of an unexpected error', async ({ harness }) => {
  harness.onStep = (step) => {
    if (step === 'create') throw new TypeError('text that a user typed');
  };
  expect((await harness.run('create-full')).code).toBe(1);
  expect(harness.log).toContain('\nERROR:\nunexpected error: TypeError\n-------------\n');
});

test('continues the log of clickhouse-backup-agent', async ({ harness }) => {
  const name = `${harness.hostInFiles}_backup_ch.log`;
  const before = '\n##### started at 2026-11-21_10-00-00 #####\nold\n';
  harness.writeFile(name, before);
  await harness.run('create-full');
  expect(harness.log.startsWith(`${before}\n##### started at 2026-11-22`)).toBe(true);
});

test('continues in a new file if logrotate moves the log', async ({ harness }) => {
  const file = path.join(harness.logDir, `${harness.hostInFiles}_backup_ch.log`);
  harness.when('upload', () => renameSync(file, `${file}.1`));
  expect((await harness.run('create-full')).code).toBe(0);
  expect(harness.file(`${harness.hostInFiles}_backup_ch.log.1`)).toMatch(/"operation": "create"/);
  expect(harness.log).toMatch(/^\{\n {2}"status": "acknowledged",\n {2}"operation": "upload"/);
  expect(harness.log).toMatch(/##### finished at 2026-11-22_10-00-03 #####\n$/);
});

describe('a file that cannot be written', () => {
  test('exits with 2 before any request if the log file is a folder', async ({ harness }) => {
    mkdirSync(path.join(harness.logDir, `${harness.hostInFiles}_backup_ch.log`), {
      recursive: true,
    });
    const { code, stderr } = await harness.run('create-full', '--quiet');
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /\[ERROR\] cannot write \S+_backup_ch\.log: it is a directory \(check the path of the log directory, or pass another directory with --log-dir\)\n$/,
    );
    expect(harness.requests()).toEqual([]);
    expect(harness.journal).toBeUndefined();
  });

  test('exits with 1 but records the backup if the log cannot be written after the first response', async ({
    harness,
  }) => {
    harness.environment = { disk: failingDisk('append', /_backup_ch\.log$/, '{') };
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(1);
    expect(stderr).toMatch(/verified and recorded: /);
    expect(stderr).toMatch(/::::\[ERROR\] cannot write \S+_backup_ch\.log: ENOSPC/);
    expect(harness.simulator.isWhole(harness.lastBackup ?? '')).toBe(true);
    expect(harness.journal).toBeUndefined();
  });

  test('exits with 1 before it creates anything if the journal cannot be written', async ({
    harness,
  }) => {
    harness.environment = { disk: failingDisk('replace', /_run\.json$/) };
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(1);
    expect(stderr).toContain('_run.json: ENOSPC');
    expect(posts(harness)).toBe(0);
  });

  test('exits with 1 before it creates anything if the used names cannot be written', async ({
    harness,
  }) => {
    harness.environment = { disk: failingDisk('replace', /given_names$/) };
    expect((await harness.run('create-full')).code).toBe(1);
    expect(posts(harness)).toBe(0);
  });

  test('exits with 1 if the last-backup file cannot be written, and the next run records the backup', async ({
    harness,
  }) => {
    harness.environment = { disk: failingDisk('replace', /_last_backup$/) };
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(1);
    expect(stderr).toContain('_last_backup: ENOSPC');
    expect(harness.lastBackup).toBeUndefined();
    harness.environment = {};
    const next = await harness.run('create-diff');
    expect(next.code).toBe(0);
    expect(next.stderr).toMatch(/FULL_\S+ of the previous run is complete/);
    expect(harness.simulator.remote.get(harness.lastBackup ?? '')?.required).toMatch(/^FULL_/);
  });
});

test('escapes control characters in the log', async ({ harness }) => {
  const text = 'a\u001B[2Jb\u009B31mc\u202Ed\r\ne';
  harness.simulator.failNext('upload', text);
  await harness.run('create-full');
  // oxlint-disable-next-line no-control-regex
  expect(harness.log).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202E]/);
  const rows = harness.log.match(/^\{$[^]*?^\}$/gm)?.map((row) => JSON.parse(row) as object) ?? [];
  expect(rows.at(-1)).toMatchObject({ status: 'error', error: text });
  expect(harness.log).toMatch(
    /\nUPLOAD ERROR:\nthe upload of backup FULL_\S+ could not be verified: abcd e; .*\n-------------/,
  );
});

test('hides the password in error texts of the server', async ({ harness }) => {
  const { password } = harness;
  harness.simulator.failNext(
    'upload',
    `login failed: ${password} and ${encodeURIComponent(password)}`,
  );
  const { code, stderr } = await harness.run('create-full', '--verbose');
  expect(code).toBe(1);
  expect(stderr).toContain('login failed: *** and ***');
  expect(harness.log).toContain('login failed: *** and ***');
});

test.for(['backup', '"', 'status'])(
  'writes valid JSON with the password %j',
  async (password, { harnessOf }) => {
    const harness = await harnessOf({ password });
    await harness.startRaw(['create-full', harness.host, 'rlAPIuser', password]).done;
    const blocks = harness.log.match(/^\{\n[^]*?^\}$/gm) ?? [];
    expect(blocks).toHaveLength(4);
    for (const block of blocks)
      expect(Object.keys(JSON.parse(block) as object)).toContain('status');
  },
);
