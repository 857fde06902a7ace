import { describe, expect } from 'vitest';
import { fakePath, type FakeState, fakeVersions } from '../client/binary/fake-program.js';
import { BinaryRuns, fakeWeeks } from '../support/binary.js';
import { type Harness, test } from '../support/harness.js';
import { CapturedStream, typedInput } from '../support/streams.js';
import { diff2, diff3, diff6, full1, full5, own, weeks } from '../support/weeks.js';

const names = weeks.map(({ name }) => name);
const broken = 'DIFF_CH_BK_2026-11-04_20-30-00';
const table = 'shop.orders';

describe.each(fakeVersions)('with clickhouse-backup %s as the binary', (version) => {
  test('lists backups, as text and as JSON', async ({ harness }) => {
    const binary = new BinaryRuns(harness, version, {
      remote: fakeWeeks(),
      local: [{ name: diff6, created: '2026-11-06 20:30:00', bytes: 1024, required: '' }],
    });
    binary.lastBackup = diff6;
    const { code, stdout, stderr } = await binary.run('list');
    expect(code).toBe(0);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^remote: 6 backups\n {2}NAME .*\n {2}FULL/);
    expect(stdout).toMatch(new RegExp(`^ {2}${diff2} .* 8\\.0\\d MiB +increment$`, 'm'));
    expect(stdout).toMatch(new RegExp(`^ {2}${diff6} .* last backup$`, 'm'));
    expect(stdout).toMatch(new RegExp(`^local: 1 backup\n.*\n {2}${diff6} .* last backup$`, 'm'));
    const json = await binary.run('list', '--location', 'remote', '--json');
    const { host, backups } = JSON.parse(json.stdout) as { host: string; backups: unknown[] };
    expect(host).toBe('local');
    expect(backups).toHaveLength(6);
    expect(backups[1]).toMatchObject({ name: diff2, base: full1, restorable: true });
  });

  test('deletes by each selection', async ({ harness }) => {
    const binary = new BinaryRuns(harness, version, { remote: fakeWeeks() });
    const added = { name: broken, broken: "broken (can't stat metadata.json)", required: '' };
    const created = '0001-01-01 00:00:00';
    binary.change({ remote: [...binary.state.remote, { ...added, created }] });
    binary.lastBackup = diff6;

    const named = await binary.run('delete-remote', '--name', full1, '--yes');
    expect(named.code).toBe(1);
    expect(named.stderr).toContain(`${full1}: ${diff2} requires it`);
    expect((await binary.run('delete-remote', '--name', 'NO_SUCH', '--yes')).code).toBe(10);
    const unconfirmed = await binary.run('delete-remote', '--all');
    expect(unconfirmed.code).toBe(2);
    expect(unconfirmed.stdout.match(/^delete /gm)).toHaveLength(7);
    expect(binary.changes()).toEqual([]);

    // Before 2.6.27 a running upload has no pid file, and it looks broken too.
    const byState = await binary.run('delete-remote', '--broken', '--yes');
    expect(byState.code).toBe(version === '2.4.0' ? 2 : 0);
    if (version === '2.4.0') {
      expect(byState.stderr).toContain(
        'cannot distinguish a broken backup from an upload by another client',
      );
      expect(binary.changes()).toEqual([]);
      expect((await binary.run('delete-remote', '--name', broken, '--yes')).code).toBe(0);
    }
    expect(binary.names('remote')).toEqual(names);
    expect((await binary.run('delete-remote', '--older-than', '17d', '--yes')).code).toBe(0);
    expect(binary.names('remote')).toEqual([own, full5, diff6]);
    expect(binary.changes().slice(1)).toEqual(
      [diff3, diff2, full1].map((name) => `delete remote -- ${name}`),
    );
    expect((await binary.run('delete-remote', '--keep', '1', '--yes')).code).toBe(0);
    expect((await binary.run('delete-remote', '--name', own, '--yes')).code).toBe(0);
    expect(binary.names('remote')).toEqual([full5, diff6]);
    expect(binary.lastBackup).toBe(diff6);
    const all = await binary.run('delete-remote', '--all', '--yes');
    expect(all.code).toBe(0);
    expect(all.stderr).toContain('deleted 2 remote backups');
    expect(binary.names('remote')).toEqual([]);
    expect(binary.lastBackup).toBeUndefined();
  });

  test('exits with 13 from each command if ClickHouse does not answer', async ({ harness }) => {
    const text =
      "can't connect to clickhouse: dial tcp 127.0.0.1:9000: connect: connection refused";
    const binary = new BinaryRuns(harness, version, {
      remote: fakeWeeks(),
      fail: { tables: text },
    });
    for (const argv of [
      ['list'],
      ['delete-remote', '--all', '--yes'],
      ['delete-local', '--all', '--yes'],
      ['restore-table', full1, table, '--append'],
    ]) {
      const { code, stderr } = await binary.run(...argv);
      expect([argv[0], code]).toEqual([argv[0], 13]);
      expect(stderr).toContain(`ClickHouse does not answer: ${text} (check that ClickHouse is`);
    }
    binary.change({ fail: { tables: 'yaml: line 3: found tab' } });
    const { code, stderr } = await binary.run('list');
    expect([code, stderr]).toEqual([1, expect.stringContaining('failed: yaml: line 3')]);
    expect(binary.changes()).toEqual([]);
  });

  test('delete-local keeps what is not on the remote storage yet', async ({ harness }) => {
    const local = fakeWeeks().map((row) => ({ ...row, required: '' }));
    const remote = fakeWeeks().filter(({ name }) => name !== diff3);
    const binary = new BinaryRuns(harness, version, { local, remote });
    const { code, stdout } = await binary.run('delete-local', '--keep', '1', '--yes', '--verbose');
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^keep +${diff3} +not on the remote storage yet$`, 'm'));
    expect(binary.names('local')).toEqual([diff3, own, diff6]);
    expect((await binary.run('delete-local', '--all', '--yes')).code).toBe(0);
    expect(binary.names('local')).toEqual([]);
    expect(binary.names('remote')).toHaveLength(5);
  });

  test('exits with 3, names each undeleted backup and keeps its base if one delete fails', async ({
    harness,
  }) => {
    const binary = new BinaryRuns(harness, version, {
      remote: fakeWeeks(),
      failNames: { [diff2]: '550 permission denied' },
    });
    const { code, stderr } = await binary.run('delete-remote', '--all', '--yes');
    expect(code).toBe(3);
    expect(stderr).toContain('only 4 of 6 remote backups were deleted');
    expect(stderr).toContain(`${diff2} (550 permission denied)`);
    expect(stderr).toContain(`${full1} (kept because ${diff2} was not deleted and may require it)`);
    expect(binary.names('remote')).toEqual([full1, diff2]);
    expect(binary.changes().some((line) => line.endsWith(full1))).toBe(false);
  });

  test('reports a killed delete as failed because the backup is still listed', async ({
    harness,
  }) => {
    const binary = new BinaryRuns(harness, version, { remote: fakeWeeks().slice(0, 3) });
    binary.change({ killed: { delete: 'SIGKILL' } });
    const { code, stderr } = await binary.run('delete-remote', '--all', '--yes');
    expect(code).toBe(1);
    expect(stderr).toContain(`${diff3} (clickhouse-backup was killed by SIGKILL)`);
    expect(binary.names('remote')).toEqual([full1, diff2, diff3]);
  });

  test('leaves no orphan when killed, and the same command finishes the work', async ({
    harness,
  }) => {
    const binary = new BinaryRuns(harness, version, { remote: fakeWeeks() });
    harness.lastBackup = diff6;
    const argv = [
      'delete-remote',
      '--all',
      '--yes',
      '--binary',
      '--binary-path',
      fakePath,
    ] as const;
    const { killed, effects } = await harness.runKilled(7, ...argv);
    expect(killed).toBe(true);
    const fileRemoved = effects.findIndex((effect) => /^remove .*_last_backup$/.test(effect));
    // Each later effect writes the response to one delete into the log.
    const deleted = effects.length - 1 - fileRemoved;
    expect(deleted).toBeGreaterThan(0);
    expect(binary.names('remote')).toEqual(names.slice(0, names.length - deleted));
    expect(harness.lastBackup).toBeUndefined();
    expect((await harness.run(...argv)).code).toBe(0);
    expect(binary.names('remote')).toEqual([]);
  });

  test('exits with 1 and changes nothing if the storage is down', async ({ harness }) => {
    const binary = new BinaryRuns(harness, version, {
      remote: fakeWeeks(),
      local: fakeWeeks().map((row) => ({ ...row, required: '' })),
      storageDown: true,
    });
    for (const argv of [
      ['list'],
      ['delete-remote', '--all', '--yes'],
      ['delete-remote', '--name', own, '--yes'],
      ['delete-local', '--keep', '1', '--yes'],
      ['restore-table', 'ANY', table],
    ]) {
      const { code, stderr } = await binary.run(...argv);
      expect(code).toBe(1);
      expect(stderr).toContain('connection refused');
    }
    expect(binary.changes()).toEqual([]);
    const silent = { storageDown: false, mute: ['list'] };
    binary.change(silent);
    binary.lastBackup = diff6;
    expect((await binary.run('delete-remote', '--all', '--yes')).code).toBe(1);
    expect(binary.changes()).toEqual([]);
  });

  test('restore-table restores the rows once', async ({ harness }) => {
    const local = [{ name: full1, created: '2026-11-01 20:30:00', tables: { [table]: 4096 } }];
    const binary = new BinaryRuns(harness, version, { local, tables: { [table]: 0 } });
    const { code, stdout } = await binary.run('restore-table', full1, table);
    expect(code).toBe(0);
    expect(stdout).toBe(`attach   the data in ${full1} to ${table}\n`);
    expect(binary.state.tables).toEqual({ [table]: 4096 });
    const again = await binary.run('restore-table', full1, table);
    expect(again.code).toBe(1);
    expect(again.stderr).toContain('already contains data');
    expect(binary.changes()).toEqual([`restore --data --tables=${table} -- ${full1}`]);
    const appended = await binary.run('restore-table', full1, table, '--append');
    expect(appended.code).toBe(0);
    expect(binary.state.tables).toEqual({ [table]: 8192 });
  });

  test('restore-table downloads, creates, replaces and renames tables', async ({ harness }) => {
    const remote = [{ name: full1, created: '2026-11-01 20:30:00', tables: { [table]: 4096 } }];
    const binary = new BinaryRuns(harness, version, { remote });
    binary.lastBackup = full1;
    expect((await binary.run('restore-table', 'latest', table)).code).toBe(10);
    expect((await binary.run('restore-table', 'NO_SUCH', table)).code).toBe(10);
    expect(binary.changes()).toEqual([]);
    const created = await binary.run('restore-table', 'latest', table, '--schema');
    expect(created.code).toBe(0);
    expect(binary.changes()).toEqual([
      `download -- ${full1}`,
      `restore --tables=${table} -- ${full1}`,
    ]);
    expect((await binary.run('restore-table', full1, table, '--schema')).code).toBe(2);
    expect(binary.state.tables).toEqual({ [table]: 4096 });
    const dropped = await binary.run('restore-table', full1, table, '--schema', '--yes');
    expect(dropped.code).toBe(0);
    expect(binary.state.tables).toEqual({ [table]: 4096 });
    const copied = await binary.run('restore-table', full1, table, '--into', 'copy.orders');
    expect(copied.code).toBe(0);
    const renamed = await binary.run('restore-table', full1, table, '--into', 'copy.o2');
    expect(renamed.code).toBe(version === '2.4.0' ? 2 : 0);
    const more = version === '2.4.0' ? {} : { 'copy.o2': 4096 };
    expect(binary.state.tables).toEqual({ [table]: 4096, 'copy.orders': 4096, ...more });
    const existing = await binary.run('restore-table', full1, table, '--into', 'copy.orders');
    expect(existing.code).toBe(1);
    expect((await binary.run('restore-table', full1, 'shop.none', '--schema')).code).toBe(10);
  });

  test('restore-table exits with 1 if 2.4.0 skips an active replica, but not with --no-check-replicas', async ({
    harness,
  }) => {
    const local = [{ name: full1, created: '2026-11-01 20:30:00', tables: { [table]: 4096 } }];
    const state = { local, tables: { [table]: 0 }, replicated: [table] };
    const binary = new BinaryRuns(harness, version, state);
    const { code, stderr } = await binary.run('restore-table', full1, table);
    // Only 2.4.0 skips an active replica without an error.
    expect(code).toBe(version === '2.4.0' ? 1 : 0);
    if (version !== '2.4.0') return;
    expect(stderr).toMatch(/shop\.orders is empty \(.*--no-check-replicas\)/);
    const all = await binary.run('restore-table', full1, table, '--no-check-replicas');
    expect(all.code).toBe(0);
    expect(binary.state.tables).toEqual({ [table]: 4096 });
  });

  test('restore-table downloads over an incomplete local copy or says how to delete it', async ({
    harness,
  }) => {
    const created = '2026-11-01 20:30:00';
    const flaw =
      version === '2.4.0' ? { oldFormat: true } : { broken: 'broken metadata.json not found' };
    const binary = new BinaryRuns(harness, version, {
      local: [{ name: full1, created, ...flaw }],
      remote: [{ name: full1, created, tables: { [table]: 4096 } }],
      tables: { [table]: 0 },
    });
    const { code, stdout, stderr } = await binary.run('restore-table', full1, table);
    if (version === '2.4.0') {
      expect(code).toBe(0);
      expect(stdout).toContain('replacing the incomplete local copy');
      expect(binary.state.tables).toEqual({ [table]: 4096 });
      return;
    }
    expect(code).toBe(1);
    expect(stderr).toContain(`chbackup delete-local --binary-path ${fakePath} --name ${full1}`);
    expect(binary.changes()).toEqual([]);
  });

  describe('restore-table checks whether a backup can contain the rows of a table', () => {
    const [log, view, mv, inner] = ['shop.log', 'shop.v', 'shop.mv', 'shop..inner.mv'];
    const engines = { [log]: 'Log', [view]: 'View', [mv]: 'MaterializedView' };
    const saved = { [log]: 0, [view]: 0, [mv]: 0, [inner]: 4096 };
    const shop = (harness: Harness, more: Partial<FakeState> = {}) =>
      new BinaryRuns(harness, version, {
        local: [{ name: full1, created: '2026-11-01 20:30:00', tables: saved }],
        tables: { ...saved },
        engines,
        ...more,
      });

    test('does not drop rows that no backup contains', async ({ harness }) => {
      const binary = shop(harness);
      const kept = await binary.run('restore-table', full1, log, '--schema', '--yes');
      expect(kept.code).toBe(1);
      expect(kept.stderr).toMatch(/table shop\.log was not dropped, because no backup contains/);
      const nothing = await binary.run('restore-table', full1, log);
      expect(nothing.code).toBe(1);
      expect(nothing.stderr).toContain('no backup contains rows of table shop.log');
      expect(binary.changes()).toEqual([]);
      const options = ['--schema', '--drop-unsaved-rows', '--yes'];
      const dropped = await binary.run('restore-table', full1, log, ...options);
      expect(dropped).toMatchObject({ code: 0 });
      expect(dropped.stderr).toContain('the definition of table shop.log was restored');
    });

    test('restores the definition of a view', async ({ harness }) => {
      const { code, stderr } = await shop(harness).run(
        'restore-table',
        ...[full1, view, '--schema', '--yes'],
      );
      expect(code).toBe(0);
      expect(stderr).toContain('the definition of table shop.v was restored');
    });

    test('restores the inner table of a materialized view', async ({ harness }) => {
      const binary = shop(harness);
      const full = await binary.run('restore-table', full1, mv);
      expect(full.code).toBe(1);
      expect(full.stderr).toContain('shop.mv already contains data (4 KiB)');
      binary.change({ tables: { ...saved, [inner]: 0 } });
      expect((await binary.run('restore-table', full1, mv)).code).toBe(0);
      expect(binary.state.tables[inner]).toBe(4096);
    });

    test('does not mistake the inner table of another view for that of this table', async ({
      harness,
    }) => {
      const odd = 'shop.журнал';
      const more = { [odd]: 0, 'shop..inner_id.a3a8': 8192 };
      const binary = shop(harness, {
        engines: { ...engines, [odd]: 'Log', 'shop.mv2': 'MaterializedView' },
        tables: { ...saved, ...more, 'shop.mv2': 0 },
      });
      const kept = await binary.run('restore-table', full1, odd, '--schema', '--yes');
      expect(kept.code).toBe(1);
      expect(kept.stderr).toContain(`table ${odd} was not dropped`);
      binary.change({ engines: { ...engines, [odd]: 'MaterializedView' } });
      const unclear = await binary.run('restore-table', full1, odd);
      expect(unclear.code).toBe(1);
      expect(unclear.stderr).toContain(`does not show which inner table belongs to view ${odd}`);
      expect(binary.changes()).toEqual([]);
    });

    test('does not drop a table that skip_table_engines hides', async ({ harness }) => {
      const binary = shop(harness, { skippedEngines: 'Log' });
      const kept = await binary.run('restore-table', full1, log, '--schema', '--yes');
      expect(kept.code).toBe(1);
      expect(kept.stderr).toContain('table shop.log was not dropped');
    });

    test('drops nothing if the engine is unknown', async ({ harness }) => {
      const binary = shop(harness, { ignoresEnvironment: true, tables: { ...saved, [table]: 0 } });
      const kept = await binary.run('restore-table', full1, table, '--schema', '--yes');
      expect(kept.code).toBe(1);
      expect(kept.stderr).toContain('it is unknown whether a backup can contain its rows');
      expect(binary.changes()).toEqual([]);
    });
  });
});

// 2.4.0 has no pid files, so its commands do not see each other (clickhouse-backup-api.md#program-lock).
test.for(['2.6.30', '2.8.1'] as const)(
  '%s: waits for another command',
  async (version, { harness }) => {
    const state = { remote: fakeWeeks(), busy: { command: 'upload', times: 3 } };
    const binary = new BinaryRuns(harness, version, state);
    const { code, stderr } = await binary.run('delete-remote', '--name', own, '--yes');
    expect(code).toBe(0);
    expect(stderr).toContain(
      'waiting for `upload`, which has been running since 2026-11-22T13:00:00Z',
    );
    expect(binary.changes()).toHaveLength(4);
    binary.change({ busy: { command: 'upload', times: 99 } });
    const busy = await binary.run('delete-remote', '--all', '--yes', '--wait', '0');
    expect(busy.code).toBe(11);
    expect(binary.names('remote')).toHaveLength(5);
  },
);

test('2.8.1: keeps a base that clickhouse-backup refuses to delete', async ({ harness }) => {
  const binary = new BinaryRuns(harness, '2.8.1', { remote: fakeWeeks() });
  const text = `'${diff2}' is required by remote backup(s) late, deleting it breaks the chain`;
  binary.change({ failNames: { [diff2]: text } });
  const { code, stderr } = await binary.run('delete-remote', '--keep', '2', '--yes');
  expect(code).toBe(3);
  expect(stderr).toContain(`${diff2} was not deleted: kept by the server: ${text}`);
  expect(binary.names('remote')).toEqual([full1, diff2, own, full5, diff6]);
});

describe('on a terminal', () => {
  test('deletes after a typed yes', async ({ harness }) => {
    const binary = new BinaryRuns(harness, '2.8.1', { remote: fakeWeeks() });
    const stderr = new CapturedStream(true);
    harness.environment = { stdin: typedInput('yes\n'), stderr };
    expect((await binary.run('delete-remote', '--name', own)).code).toBe(0);
    expect(stderr.text).toContain("Delete 1 remote backup of local? Type 'yes' to continue: ");
    expect(binary.names('remote')).toEqual(names.filter((name) => name !== own));
  });
});

test('uses the files and locks of the host that is given with --binary', async ({ harness }) => {
  const binary = new BinaryRuns(harness, '2.8.1', { remote: fakeWeeks() });
  harness.lastBackup = diff6;
  const release = harness.holdLock('{"command":"create-diff","backup":"X","since":"10:00"}');
  const locked = await binary.run('delete-remote', harness.host, '--all', '--yes', '--wait', '0');
  expect(locked.code).toBe(11);
  expect(locked.stderr).toContain('create-diff (X) since 10:00');
  release();
  expect((await binary.run('delete-remote', harness.host, '--all', '--yes')).code).toBe(0);
  expect(harness.lastBackup).toBeUndefined();
  expect(harness.requests()).toEqual([]);
});

test('exits with 2 before anything else if the binary is not clickhouse-backup', async ({
  harness,
}) => {
  harness.env = { PATH: process.env['PATH'] ?? '' };
  for (const path of ['/no/such/clickhouse-backup', '/bin/echo']) {
    const argv = ['delete-remote', '--all', '--yes', '--binary-path', path];
    expect((await harness.startRaw(argv).done).code).toBe(2);
  }
});
