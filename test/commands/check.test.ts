import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect } from 'vitest';
import { type Disk, nodeDisk } from '../../src/state/disk.js';
import { type Harness, type Result, test, versions } from '../support/harness.js';
import { CapturedStream } from '../support/streams.js';

const second = 1000;
const hour = 3_600_000;

interface Shard {
  shard: string;
  host: string | null;
  newest: string | null;
  ageSeconds: number | null;
  chain: number | null;
  status: string;
  exitCode: number;
  checks: { name: string; status: string; text: string }[];
}

interface Checked {
  ok: boolean;
  status: string;
  exitCode: number;
  shards: Shard[];
}

const jsonOf = ({ stdout }: Result): Checked => JSON.parse(stdout) as Checked;

/** The check of that name, as `STATUS: TEXT`. */
function found(result: Result, name: string): string {
  const check = jsonOf(result).shards[0]?.checks.find((each) => each.name === name);
  return `${check?.status}: ${check?.text}`;
}

/** The names of the checks that are not good. */
function bad(result: Result): string[] {
  const checks = jsonOf(result).shards.flatMap((each) => each.checks);
  return checks
    .filter(({ status }) => status === 'warning' || status === 'critical')
    .map(({ name, status }) => `${name} ${status}`);
}

/**
 * Runs `check` in all three forms; checks that it changed nothing and was over in time, and that the forms
 * agree. Returns the result as JSON and the one for Nagios.
 */
async function checkAll(harness: Harness, ...more: string[]) {
  const filesBefore = harness.files.map((name) => [name, harness.file(name)]);
  const postsBefore = harness.requests(/^(?!GET)/).length;
  const startMs = harness.clock.elapsed();
  const json = await harness.run('check', '--json', ...more);
  const tookMs = harness.clock.elapsed() - startMs;
  const text = await harness.run('check', ...more);
  const nagios = await harness.run('check', '--nagios', ...more);
  const { status, ok, exitCode } = jsonOf(json);
  expect(tookMs).toBeLessThanOrEqual(120 * second);
  expect(harness.files.map((name) => [name, harness.file(name)])).toEqual(filesBefore);
  expect(harness.requests(/^(?!GET)/)).toHaveLength(postsBefore);
  expect([json.code, text.code]).toEqual([exitCode, exitCode]);
  expect(ok).toBe(status === 'ok');
  expect(text.stdout.split('\n').at(-2)).toMatch(new RegExp(`^${status.toUpperCase()}: `));
  const codes: Record<string, number> = { ok: 0, warning: 1, critical: 2 };
  expect(nagios.code).toBe(json.code === 11 ? 3 : codes[status]);
  const shown = json.code === 11 ? 'UNKNOWN' : status.toUpperCase();
  expect(nagios.stdout).toMatch(new RegExp(`^CHBACKUP ${shown} - [^|\n]+\\|[^|\n]+\n$`));
  return { json, text, nagios, tookMs };
}

/** Makes the remote storage contain a full backup and an increment of these ages. */
function addChain(
  { simulator }: Harness,
  names = ['FULL_CH_BK_2026-11-22_08-00-00', 'DIFF_CH_BK_2026-11-22_09-00-00'],
): void {
  for (const [at, name] of names.entries()) {
    simulator.addBackup('remote', { name, required: names[at - 1] ?? '', uploadedMs: at });
  }
}

describe.each(versions)('check of a server %s', (version) => {
  test('no backup at all is critical', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    const { json, text, nagios, tookMs } = await checkAll(harness);
    expect(json.code).toBe(1);
    expect(tookMs).toBeCloseTo(20 * second);
    expect(bad(json)).toEqual(['newest critical']);
    expect(found(json, 'newest')).toBe(
      'critical: the remote storage lists no backups; it may be down',
    );
    expect(found(json, 'last-backup')).toBe(
      'skipped: not checked: the log directory has no files of this host',
    );
    expect(jsonOf(json).shards[0]).toMatchObject({ newest: null, ageSeconds: null, chain: null });
    expect(text.stdout).toContain('CRITICAL: 1 check is critical (newest)');
    expect(nagios.stdout).toBe(
      `CHBACKUP CRITICAL - ${harness.host}: the remote storage lists no backups; it may be down|age=U;;18000 chain=U size=U\n`,
    );
    expect(harness.files).toEqual([]);
  });

  test('a fresh backup is good', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    await harness.run('create-full');
    await harness.run('create-diff');
    await harness.clock.sleep(2 * hour);
    const { json, text, nagios, tookMs } = await checkAll(harness);
    const last = harness.lastBackup ?? '';
    expect([json.code, tookMs, bad(json)]).toEqual([0, 0, []]);
    expect(jsonOf(json).shards[0]).toMatchObject({ newest: last, chain: 2, host: harness.host });
    expect(text.stdout).toContain(
      `${harness.host}: one replica, files of ${harness.hostInFiles} in ${harness.logDir}\n`,
    );
    expect(text.stdout).toMatch(/^  newest       ok       newest backup DIFF\S+ is 2h \d+s old$/m);
    expect(text.stdout.trim().split('\n')).toHaveLength(14);
    expect(text.stderr).toBe('');
    expect(nagios.stdout).toMatch(
      /^CHBACKUP OK - \S+: newest backup DIFF\S+ is 2h \d+s old\|age=72\d\ds;;18000 chain=2 size=\d+B$/m,
    );
  });

  test('a stale backup is critical, and a warning while a create holds the lock', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ version });
    await harness.run('create-full');
    await harness.clock.sleep(6 * hour);
    const { json, nagios } = await checkAll(harness);
    expect(json.code).toBe(1);
    expect(bad(json)).toEqual(['newest critical']);
    expect(nagios.stdout).toMatch(/ is 6h \d+m old, more than 5h\|age=216\d\ds;;18000 /);
    const since = (time: string) =>
      JSON.stringify({ command: 'create-diff', backup: '', since: `2026-11-22 ${time}` });
    const release = harness.holdLock(since('15:30:00'));
    const held = await checkAll(harness);
    expect(held.json.code).toBe(0);
    expect(bad(held.json)).toEqual(['newest warning']);
    expect(found(held.json, 'newest')).toMatch(/; create-diff began \d+m \d+s ago and is running$/);
    release();
    harness.holdLock(since('10:30:00'));
    expect(bad((await checkAll(harness)).json)).toEqual(['newest critical']);
  });

  test('a broken chain is critical', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    await harness.run('create-full');
    const full = harness.lastBackup ?? '';
    await harness.clock.sleep(2 * hour);
    await harness.run('create-diff');
    harness.simulator.deleteBehind('remote', full);
    const { json } = await checkAll(harness);
    expect(json.code).toBe(1);
    expect(bad(json)).toEqual(['newest critical', 'last-backup critical']);
    expect(found(json, 'newest')).toBe('critical: no backup of chbackup can be restored');
    expect(found(json, 'last-backup')).toContain(`its base ${full} is not on the remote storage`);
  });

  test('a storage that is down is critical', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    await harness.run('create-full');
    harness.simulator.storageDown = true;
    const { json } = await checkAll(harness);
    expect(json.code).toBe(1);
    expect(bad(json)).toEqual(['newest critical', 'last-backup critical']);
  });

  test('a storage that is down for ten seconds is good', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    await harness.run('create-full');
    harness.simulator.storageDown = true;
    harness.later(10 * second, () => (harness.simulator.storageDown = false));
    const result = await harness.run('check', '--json');
    expect([result.code, bad(result)]).toEqual([0, []]);
  });

  test('a server that is down: exit 13', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    await harness.run('create-full');
    harness.simulator.refuse = true;
    const { json, tookMs } = await checkAll(harness);
    expect(json.code).toBe(13);
    expect(tookMs).toBeCloseTo(60 * second);
    expect(bad(json)).toEqual(['server critical']);
    expect(found(json, 'newest')).toBe('skipped: unknown: no list could be read');
  });

  test('ClickHouse down behind the server: exit 13', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    await harness.run('create-full');
    harness.simulator.clickHouseDown = true;
    const { json, tookMs } = await checkAll(harness);
    expect(json.code).toBe(13);
    expect(tookMs).toBeLessThanOrEqual(30 * second);
    expect(found(json, 'server')).toContain(`ClickHouse behind ${harness.host} does not answer`);
  });

  test('a storage that hangs: exit 14 after two minutes', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    await harness.run('create-full');
    harness.simulator.listsHang = true;
    const startMs = harness.clock.elapsed();
    const result = await harness.run('check', '--json');
    expect(result.code).toBe(14);
    expect(harness.clock.elapsed() - startMs).toBeCloseTo(120 * second);
    expect(found(result, 'server')).toContain('critical: the check did not end within 2m (');
  });

  test('a wrong password: exit 12', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    harness.env = { CHBACKUP_USER: 'rlAPIuser', CHBACKUP_PASSWORD: 'wrong' };
    const run = (...more: string[]) => harness.startRaw(['check', harness.host, ...more]).done;
    const json = await run('--json');
    expect(json.code).toBe(12);
    expect(bad(json)).toEqual(['server critical']);
    expect(found(json, 'server')).toContain(`${harness.host} rejected the credentials (401)`);
    const nagios = await run('--nagios');
    expect(nagios.code).toBe(2);
    expect(nagios.stdout).toContain('CHBACKUP CRITICAL - ');
    expect((await run()).code).toBe(12);
    expect(harness.files).toEqual([]);
  });

  test('a clock ahead: the age is unknown, and never OK', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    await harness.run('create-full');
    addChain(harness, ['FULL_CH_BK_2026-11-23_08-00-00']);
    const { json, nagios } = await checkAll(harness);
    expect(json.code).toBe(0);
    expect(bad(json)).toEqual(['newest warning', 'full warning', 'clock warning']);
    expect(jsonOf(json).shards[0]).toMatchObject({
      newest: 'FULL_CH_BK_2026-11-23_08-00-00',
      ageSeconds: null,
    });
    expect(nagios.stdout).toContain('|age=U;;18000 ');
  });
});

describe('check while a backup is running', () => {
  test.for(['2.6.30', '2.8.1'] as const)('on %s lists at once', async (version, { harnessOf }) => {
    const harness = await harnessOf({ version });
    await harness.run('create-full');
    harness.simulator.busyWith('upload another', hour);
    const { json, tookMs } = await checkAll(harness);
    expect([json.code, tookMs, bad(json)]).toEqual([0, 0, []]);
    expect(found(json, 'server')).toContain(', and is running `upload another`');
  });

  test('on 2.4.0 waits, and then tells what the status file knows', async ({ harnessOf }) => {
    const harness = await harnessOf({ version: '2.4.0' });
    await harness.run('create-full');
    await harness.run('create-diff');
    harness.simulator.busyWith('upload another', 24 * hour);
    const lists = harness.requests(/list/).length;
    const { json, text, tookMs } = await checkAll(harness);
    expect(json.code).toBe(0);
    expect(tookMs).toBeCloseTo(30 * second);
    expect(harness.requests(/list/)).toHaveLength(lists);
    expect(bad(json)).toEqual(['server warning']);
    expect(found(json, 'newest')).toMatch(/ old, according to the status file$/);
    expect(found(json, 'full')).toMatch(/^ok: full backup FULL/);
    expect(jsonOf(json).shards[0]).toMatchObject({ newest: harness.lastBackup, chain: 2 });
    expect(text.stdout).toContain('so its list was not read; the status file knows');
    await harness.clock.sleep(6 * hour);
    const stale = await checkAll(harness);
    expect(stale.json.code).toBe(1);
    expect(bad(stale.json)).toEqual(['server warning', 'newest critical']);
  });

  test('on 2.4.0 waits no longer than a minute, whatever --wait is for backups', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ version: '2.4.0' });
    await harness.run('create-full');
    harness.simulator.busyWith('upload another', 24 * hour);
    harness.env = { CHBACKUP_WAIT: '6h', CHBACKUP_CONNECT_TIMEOUT: '10m' };
    const { json, tookMs } = await checkAll(harness);
    expect([json.code, bad(json)]).toEqual([0, ['server warning']]);
    expect(tookMs).toBeCloseTo(60 * second);
    harness.simulator.refuse = true;
    expect((await checkAll(harness)).json.code).toBe(13);
  });

  test('on 2.4.0 without a status file: exit 11', async ({ harnessOf }) => {
    const harness = await harnessOf({ version: '2.4.0' });
    addChain(harness);
    harness.simulator.busyWith('upload another', 24 * hour);
    const { json } = await checkAll(harness);
    expect(json.code).toBe(11);
    expect(bad(json)).toEqual(['server critical']);
  });

  test('on 2.4.0 reads the list once the server is free', async ({ harnessOf }) => {
    const harness = await harnessOf({ version: '2.4.0' });
    await harness.run('create-full');
    harness.simulator.busyWith('upload another', 20 * second);
    const result = await harness.run('check', '--json');
    expect([result.code, bad(result)]).toEqual([0, []]);
  });

  test('on 2.4.0 reports what the first list shows if there can be no second one', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ version: '2.4.0' });
    await harness.run('create-full');
    harness.simulator.remote.delete(harness.lastBackup ?? '');
    addChain(harness, ['FULL_CH_BK_2026-11-22_02-00-00']);
    harness.later(10 * second, () => harness.simulator.busyWith('upload another', hour));
    const result = await harness.run('check', '--json');
    expect(bad(result)).toEqual(['newest critical', 'last-backup critical']);
    expect(result.code).toBe(1);
  });

  test('does not judge a broken backup, which may be the upload', async ({ harness }) => {
    await harness.run('create-full');
    harness.simulator.addBackup('remote', { name: 'FULL_CH_BK_2026-11-22_09-30-00' });
    harness.simulator.setBroken('remote', 'FULL_CH_BK_2026-11-22_09-30-00');
    const idle = await checkAll(harness);
    expect(bad(idle.json)).toEqual(['broken warning']);
    harness.simulator.busyWith('upload another', hour);
    expect(bad((await checkAll(harness)).json)).toEqual([]);
  });

  test('sees a run of chbackup and holds it up by nothing', async ({ harness }) => {
    await harness.run('create-full');
    const running = harness.start('create-diff');
    await harness.clock.sleep(1);
    const result = await harness.run('check', '--json');
    expect(result.code).toBe(0);
    expect((await running.done).code).toBe(0);
  });

  test('warns about a server that runs watch', async ({ harness }) => {
    await harness.run('create-full');
    harness.simulator.busyWith('watch --watch-interval=1h', 24 * hour);
    expect(bad((await checkAll(harness)).json)).toEqual(['interrupted warning']);
  });
});

describe('check --deep', () => {
  test('finds an incomplete base', async ({ harness }) => {
    addChain(harness);
    const good = await checkAll(harness, '--deep');
    expect([good.json.code, bad(good.json)]).toEqual([0, []]);
    expect(found(good.json, 'complete')).toContain('and its full backup are complete');
    harness.simulator.setIncomplete('FULL_CH_BK_2026-11-22_08-00-00');
    const { json } = await checkAll(harness, '--deep');
    expect(json.code).toBe(1);
    expect(bad(json)).toEqual(['complete critical']);
    expect(found(json, 'complete')).toContain('FULL_CH_BK_2026-11-22_08-00-00 is incomplete: ');
  });

  test.for(['2.4.0', '2.6.30'] as const)('is a warning with %s', async (version, { harnessOf }) => {
    const harness = await harnessOf({ version });
    addChain(harness);
    const { json } = await checkAll(harness, '--deep');
    expect(json.code).toBe(0);
    expect(bad(json)).toEqual(['complete warning']);
  });

  test('is a warning if --timeout is over', async ({ harness }) => {
    addChain(harness);
    harness.simulator.failTableReads('no-answer');
    const startMs = harness.clock.elapsed();
    const result = await harness.run('check', '--deep', '--timeout', '3m', '--json');
    expect(harness.clock.elapsed() - startMs).toBeCloseTo(180 * second);
    expect(result.code).toBe(0);
    expect(bad(result)).toEqual(['complete warning']);
  });

  test('is critical if the storage fails while the tables are read', async ({ harness }) => {
    addChain(harness);
    harness.simulator.setIncomplete('DIFF_CH_BK_2026-11-22_09-00-00');
    harness.later(30 * second, () => (harness.simulator.storageDown = true));
    const result = await harness.run('check', '--deep', '--json');
    expect(result.code).toBe(1);
    expect(found(result, 'complete')).toBe(
      'critical: the remote storage lists no backups; it may be down',
    );
  });
});

describe('limits', () => {
  test.for([
    [['--max-age', '30m'], 'newest critical'],
    [['--max-full-age', '90m'], 'full critical'],
    [['--max-chain', '1'], 'chain critical'],
  ] as const)('%s', async ([more, problem], { harness }) => {
    addChain(harness, [
      'FULL_CH_BK_2026-11-22_08-00-00',
      'DIFF_CH_BK_2026-11-22_08-30-00',
      'DIFF_CH_BK_2026-11-22_09-00-00',
    ]);
    expect(bad((await checkAll(harness)).json)).toEqual([]);
    expect(bad((await checkAll(harness, ...more)).json)).toEqual([problem]);
    const [option = '', value = ''] = more;
    const variable = `CHBACKUP_${option.slice(2).replaceAll('-', '_').toUpperCase()}`;
    harness.env = { [variable]: value };
    expect(bad(await harness.run('check', '--json'))).toEqual([problem]);
  });
});

describe('the log directory', () => {
  const refuse = (): never => {
    throw new Error('check must not write');
  };
  const readOnly = (disk: Disk): Disk => ({
    ...disk,
    ...{ makeFolder: refuse, replace: refuse, append: refuse, remove: refuse, tryLock: refuse },
  });

  test('may not exist; what is then unknown is said', async ({ harness }) => {
    addChain(harness);
    const { text, json } = await checkAll(harness);
    expect(json.code).toBe(0);
    expect(text.stdout).toContain(
      'last-backup  skipped  not checked: the log directory has no files of this host',
    );
    expect(text.stdout).toContain(
      'interrupted  skipped  not checked: the log directory has no files of this host',
    );
    expect(text.stdout).toContain(`no files of ${harness.hostInFiles} in ${harness.logDir}\n`);
    expect(harness.files).toEqual([]);
  });

  test('may be read-only', async ({ harness }) => {
    await harness.run('create-full');
    harness.environment = { disk: readOnly(nodeDisk(undefined)) };
    const connection = [harness.host, 'rlAPIuser', harness.password];
    const { code, stdout } = await harness.startRaw(['check', ...connection]).done;
    expect(code).toBe(0);
    expect(stdout).toContain('OK: newest backup FULL_');
  });

  test('warns about an old journal', async ({ harness }) => {
    await harness.run('create-full');
    harness.writeFile(
      `.${harness.hostInFiles}_run.json`,
      '{"kind":"FULL","backup":"FULL_CH_BK_2026-11-20_09-00-00","base":"","phase":"upload","startedAt":"2026-11-20 09:00:00","lastBackup":""}',
    );
    expect(bad((await checkAll(harness)).json)).toEqual(['interrupted warning']);
  });

  test('warns about a file that cannot be read', async ({ harness }) => {
    await harness.run('create-full');
    const name = `.${harness.hostInFiles}_last_backup`;
    harness.removeFile(name);
    mkdirSync(path.join(harness.logDir, name));
    const result = await harness.run('check', '--json');
    expect([result.code, bad(result)]).toEqual([0, ['last-backup warning']]);
    expect(found(result, 'last-backup')).toContain(`not checked: cannot read ${harness.logDir}`);
    expect(found(result, 'interrupted')).toContain('skipped: not checked: cannot read');
  });
});

describe('the output', () => {
  test('--quiet prints nothing if all is well, and only the problems otherwise', async ({
    harness,
  }) => {
    addChain(harness);
    const good = await harness.run('check', '--quiet');
    expect([good.code, good.stdout, good.stderr]).toEqual([0, '', '']);
    const { code, stdout, stderr } = await harness.run('check', '--quiet', '--max-age', '30m');
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout).toBe(
      [
        '  newest  critical  newest backup DIFF_CH_BK_2026-11-22_09-00-00 is 1h 20s old, more than 30m',
        'CRITICAL: 1 check is critical (newest)',
        '',
      ].join('\n'),
    );
  });

  test('is in color on a terminal', async ({ harness }) => {
    addChain(harness);
    harness.env = { FORCE_COLOR: '1' };
    const { stdout } = await harness.run('check', '--max-age', '30m', '--deep');
    expect(stdout).toContain('\u001b[32mok\u001b[39m');
    expect(stdout).toContain('\u001b[31mcritical\u001b[39m');
    expect(stdout).toContain('\u001b[31mCRITICAL\u001b[39m: 1 check is critical (newest)');
  });

  test('a signal stops it: exit 130', async ({ harness }) => {
    const running = harness.start('check');
    harness.later(5 * second, () => running.signal('SIGINT'));
    const { code, stderr } = await running.done;
    expect(code).toBe(130);
    expect(stderr).toContain('stopped by SIGINT; nothing was changed');
  });

  test('does not show a host that may be a password', async ({ harness }) => {
    for (const form of ['', '--nagios', '--json']) {
      const more = form === '' ? [] : [form];
      const { code, stdout, stderr } = await harness.startRaw([
        'check',
        'sesame',
        'user',
        'name',
        ...more,
      ]).done;
      expect(code).toBe(form === '--nagios' ? 2 : 13);
      expect(stdout).toContain('the host given as an argument');
      expect(stdout + stderr).not.toContain('sesame');
    }
  });
});

describe('--nagios', () => {
  test.for([
    [['--max-age', 'soon'], '--max-age "soon" is not a duration above 0'],
    [['--json'], '--nagios and --json cannot be used together (choose one)'],
    [['--nonsense'], 'unknown option ('],
  ] as const)('a usage error %s is UNKNOWN', async ([more, message], { harness }) => {
    const { code, stdout, stderr } = await harness.run('check', '--nagios', ...more);
    expect([code, stderr]).toEqual([3, '']);
    expect(stdout).toMatch(/^CHBACKUP UNKNOWN - [^|\n]+\n$/);
    expect(stdout).toContain(message);
    expect(harness.requests()).toEqual([]);
  });

  test('wins over the variable for JSON', async ({ harness }) => {
    addChain(harness);
    harness.env = { CHBACKUP_JSON: '1' };
    const { code, stdout } = await harness.run('check', '--nagios');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^CHBACKUP OK - /);
  });

  test('a signal is UNKNOWN', async ({ harness }) => {
    const running = harness.start('check', '--nagios');
    harness.later(5 * second, () => running.signal('SIGTERM'));
    const { code, stdout } = await running.done;
    expect(code).toBe(3);
    expect(stdout).toBe('CHBACKUP UNKNOWN - stopped by SIGTERM; nothing was changed\n');
  });

  test('a signal on a terminal ends the spinner, which would keep the process running', async ({
    harness,
  }) => {
    const stderr = new CapturedStream(true);
    harness.environment = { stderr };
    const running = harness.start('check', '--nagios');
    harness.later(5 * second, () => running.signal('SIGTERM'));
    expect((await running.done).code).toBe(3);
    const shown = stderr.text;
    expect(shown).toContain('reading the lists of backups');
    await new Promise((resolve) => void setTimeout(resolve, 300));
    expect(stderr.text).toBe(shown);
  });
});
