import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect } from 'vitest';
import { test, versions } from '../support/harness.js';
import { CapturedStream } from '../support/streams.js';
import {
  addWeeks,
  createdOf,
  diff2,
  diff3,
  diff6,
  full1,
  full5,
  own,
  weeks,
} from '../support/weeks.js';

const listRequests = /^GET \/backup\/list/;

describe.each(versions)('with a server %s', (version) => {
  test('shows chains with age, data, upload and the last backup, for both locations', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ version });
    addWeeks(harness);
    harness.simulator.addBackup('local', {
      name: diff6,
      createdMs: Date.parse('2026-11-06T20:30:00'),
    });
    harness.lastBackup = diff6;
    const { code, stdout, stderr } = await harness.run('list');
    expect(code).toBe(0);
    expect(stderr).toBe('');
    const size = String.raw`8\.\d+ MiB`;
    const lines = stdout.trimEnd().split('\n');
    const stored = version === '2.4.0' ? '' : String.raw`, 8\.\d+ MiB stored`;
    const expected = [
      'remote: 6 backups',
      '  NAME +AGE +DATA +UPLOAD +NOTES',
      `  ${full1}  20d 13h  ${size}  full`,
      `  ${diff2}  19d 13h  ${size}  increment`,
      `  ${diff3}  18d 13h  ${size}  increment`,
      `  = 2 increments in 2d on ${full1}${stored}`,
      `  ${own} +~17d +${size}  full`,
      `  ${full5}  16d 13h  ${size}  full`,
      `  ${diff6}  15d 13h  ${size}  increment  last backup`,
      `  = 1 increment in 1d on ${full5}${stored}`,
      'local: 1 backup',
      '  NAME +AGE +DATA +NOTES',
      `  ${diff6}  15d 13h  ${size}  last backup`,
    ];
    expect(lines).toHaveLength(expected.length);
    for (const [at, line] of expected.entries()) {
      expect(lines[at]).toMatch(new RegExp(`^${line}$`));
    }
    expect(harness.requests(listRequests)).toEqual(['GET /backup/list']);
  });

  test('requests only the list of the given location', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    addWeeks(harness);
    harness.simulator.addBackup('local', { name: own });
    const local = await harness.run('list', '--location', 'local');
    expect(local.stdout).toMatch(new RegExp(`^local: 1 backup\n {2}NAME.*\n {2}${own} .*\n$`));
    const remote = await harness.run('list', '--location', 'remote');
    expect(remote.stdout).toMatch(/^remote: 6 backups\n/);
    expect(remote.stdout).not.toContain('local');
    expect(harness.requests(listRequests)).toEqual([
      'GET /backup/list/local',
      'GET /backup/list/remote',
    ]);
  });

  test('shows the reason for a broken backup and for a missing base', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    addWeeks(harness);
    harness.simulator.setBroken('remote', full1);
    harness.simulator.deleteBehind('remote', full5);
    harness.simulator.addBackup('local', { name: diff3 });
    harness.simulator.setBroken('local', diff3);
    const { code, stdout } = await harness.run('list');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^remote: 5 backups, 1 broken, 3 without a usable base$/m);
    const problemOf = (name: string) =>
      new RegExp(`${name} .*?(?:B|\\?)  +(?:increment +)?(\\S.*)$`, 'm');
    expect(problemOf(full1).exec(stdout)?.[1]).toBe("broken (can't stat metadata.json)");
    expect(problemOf(diff2).exec(stdout)?.[1]).toBe('one of its bases is broken or missing');
    expect(problemOf(diff3).exec(stdout)?.[1]).toBe('one of its bases is broken or missing');
    expect(problemOf(diff6).exec(stdout)?.[1]).toBe(`its base ${full5} is missing`);
    const local = stdout.slice(stdout.indexOf('local:'));
    expect(local).toMatch(
      version === '2.4.0' ? /old-format$/m : /broken metadata\.json not found$/m,
    );
  });

  test('--json prints the documented fields', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    addWeeks(harness);
    harness.simulator.setBroken('remote', full5);
    harness.simulator.addBackup('local', { name: diff3 });
    harness.lastBackup = diff3;
    const { code, stdout } = await harness.run('list', '--json');
    expect(code).toBe(0);
    const answer = JSON.parse(stdout) as { backups: Record<string, unknown>[] };
    expect(answer).toMatchObject({ host: harness.host, lastBackup: diff3 });
    const remote = answer.backups.filter(({ location }) => location === 'remote');
    expect(remote.map(({ name }) => name)).toHaveLength(6);
    expect(remote.find(({ name }) => name === diff3)).toEqual({
      name: diff3,
      location: 'remote',
      kind: 'increment',
      base: diff2,
      state: 'ok',
      complete: null,
      restorable: true,
      problem: null,
      createdAt: new Date('2026-11-03T20:30:00').toISOString(),
      created: createdOf(diff3),
      sizeBytes: expect.any(Number) as number,
      // Nothing had changed.
      uploadedBytes: version === '2.4.0' ? null : 1854,
      fullBackup: full1,
      chainLength: 3,
      isLastBackup: true,
    });
    expect(remote.find(({ name }) => name === full5)).toEqual({
      name: full5,
      location: 'remote',
      kind: null,
      base: null,
      state: 'broken',
      complete: null,
      restorable: false,
      problem: "broken (can't stat metadata.json)",
      createdAt: new Date('2026-11-05T20:30:00').toISOString(),
      created: '0001-01-01 00:00:00',
      sizeBytes: null,
      uploadedBytes: null,
      fullBackup: null,
      chainLength: null,
      isLastBackup: false,
    });
    expect(remote.find(({ name }) => name === diff6)).toMatchObject({
      restorable: false,
      problem: 'one of its bases is broken or missing',
    });
    expect(remote.find(({ name }) => name === own)).toMatchObject({
      kind: 'full',
      createdAt: null,
    });
    const local = answer.backups.filter(({ location }) => location === 'local');
    expect(local).toMatchObject([{ name: diff3, base: null, restorable: true }]);
  });

  test('shows local backups and exits with 1 if the storage is down', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    addWeeks(harness);
    harness.simulator.addBackup('local', { name: diff6 });
    harness.lastBackup = diff6;
    harness.simulator.storageDown = true;
    for (const more of [[], ['--json'], ['--location', 'remote']]) {
      const { code, stdout, stderr } = await harness.run('list', ...more);
      expect(code).toBe(1);
      expect(stderr).toContain(`lists no backups, although ${diff6} was uploaded to it`);
      if (more.length < 2) expect(stdout).toContain(diff6);
    }
    const local = await harness.run('list', '--location', 'local');
    expect(local.code).toBe(0);
  });

  test('warns if the last backup is not on the remote storage', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    addWeeks(harness);
    harness.lastBackup = 'DIFF_CH_BK_2026-11-09_20-30-00';
    const { code, stderr } = await harness.run('list');
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /\[WARNING\] the last backup DIFF_CH_BK_2026-11-09_20-30-00 is not on the remote storage/,
    );
  });

  test('waits for a busy server only if a list would release its lock', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    addWeeks(harness);
    harness.simulator.busyWith('upload OTHERS', 300_000);
    const startMs = harness.clock.elapsed();
    const { code, stderr } = await harness.run('list');
    expect(code).toBe(0);
    const waited = harness.clock.elapsed() - startMs;
    if (version === '2.4.0') {
      expect(waited).toBeGreaterThanOrEqual(300_000);
      expect(stderr).toContain('waiting for `upload OTHERS`');
    } else {
      expect(waited).toBe(0);
      expect(stderr).toBe('');
    }
  });
});

test('prints two empty lists if there are no backups', async ({ harness }) => {
  const { code, stdout } = await harness.run('list');
  expect(code).toBe(0);
  expect(stdout).toBe('remote: 0 backups\nlocal: 0 backups\n');
  expect(harness.files).toEqual([]);
});

test('does not wait for the lock of the host', async ({ harness }) => {
  addWeeks(harness);
  harness.holdLock('{"command":"create-full","backup":"","since":"2026-11-22 09:00:00"}');
  expect((await harness.run('list', '--wait', '0')).code).toBe(0);
});

test('shows no age for a broken backup whose name chbackup did not create', async ({ harness }) => {
  harness.simulator.addBackup('remote', { name: own });
  harness.simulator.setBroken('remote', own, 'broken (bad metadata.json)');
  const { stdout } = await harness.run('list');
  expect(stdout).toMatch(new RegExp(`^ {2}${own} +\\? +\\? +broken`, 'm'));
});

test('lists backups whose bases form a cycle', async ({ harness }) => {
  harness.simulator.addBackup('remote', { name: 'a', required: 'b' });
  harness.simulator.addBackup('remote', { name: 'b', required: 'a' });
  const { code, stdout } = await harness.run('list', '--location', 'remote', '--json');
  expect(code).toBe(0);
  const { backups } = JSON.parse(stdout) as { backups: { name: string; restorable: boolean }[] };
  expect(backups.map(({ name }) => name).sort()).toEqual(['a', 'b']);
  expect(backups.every(({ restorable }) => !restorable)).toBe(true);
});

test('removes escape sequences from names and descriptions', async ({ harness }) => {
  harness.simulator.addBackup('remote', { name: 'x\u001B[2Jy' });
  harness.simulator.addBackup('remote', { name: 'z' });
  harness.simulator.setBroken('remote', 'z', 'broken \u001B]0;owned\u0007 (bad)');
  const { stdout } = await harness.run('list');
  expect(stdout).toContain('xy');
  // oxlint-disable-next-line no-control-regex
  expect(stdout).not.toMatch(/[\u0000-\u0009\u001B]/);
});

test('uses colors on a terminal only', async ({ harness }) => {
  addWeeks(harness);
  harness.lastBackup = diff6;
  const stdout = new CapturedStream(true);
  harness.environment = { stdout };
  await harness.run('list');
  expect(stdout.text).toContain('\u001B[32mlast backup\u001B[39m');
  const plain = new CapturedStream(true);
  harness.environment = { stdout: plain };
  await harness.run('list', '--no-color');
  expect(plain.text).not.toContain('\u001B');
  expect(plain.text.match(/^ {2}(?:\w+_CH_BK_|before)/gm)).toHaveLength(weeks.length);
});

test.for(['', 'all', 'Remote', 'elsewhere'])(
  'exits with 2 for --location %j',
  async (at, { harness }) => {
    const { code, stderr } = await harness.run('list', '--location', at);
    expect(code).toBe(2);
    expect(stderr).toContain('--location is neither local nor remote');
    expect(harness.requests()).toEqual([]);
  },
);

test('recorded times that cannot be read are a warning, and the times in the names count', async ({
  harness,
}) => {
  addWeeks(harness);
  mkdirSync(path.join(harness.logDir, '.given_names'), { recursive: true });
  const { code, stdout, stderr } = await harness.run('list');
  expect(code).toBe(0);
  expect(stdout).toContain(`${full1}  20d 13h`);
  expect(stderr).toMatch(
    /\[WARNING\] cannot read .*the ages of backups are calculated from their names/,
  );
});
