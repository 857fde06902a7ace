import { describe, expect } from 'vitest';
import { type Harness, secret, test } from '../support/harness.js';
import { CapturedStream } from '../support/streams.js';

const second = 1000;
const minute = 60 * second;

const line =
  /^2026-11-2\d \d\d:\d\d:\d\d (\S+ )?(\[INFO\]|\[WARNING\]|\[DEBUG\]|::::\[ERROR\]) [^\n]+$/;
// oxlint-disable-next-line no-control-regex
const harmful = /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202E\u2066]/;

const lines = (text: string) => text.trimEnd().split('\n');

/** Returns stderr without the port, which differs from run to run. */
const plain = ({ stderr }: { stderr: string }, harness: Harness) =>
  stderr.replaceAll(harness.host, 'HOST:PORT');

describe('messages on stderr', () => {
  test('one line at the start and one at the end of a full and a diff', async ({ harness }) => {
    const full = await harness.run('create-full');
    const diff = await harness.run('create-diff');
    expect(plain(full, harness) + plain(diff, harness)).toBe(
      [
        '2026-11-22 10:00:00 HOST:PORT [INFO] create-full started',
        '2026-11-22 10:00:03 HOST:PORT [INFO] backup FULL_CH_BK_2026-11-22_10-00-00 was uploaded in full, verified and recorded: 8.05 MiB of data, created in 1s, uploaded in 2s',
        '2026-11-22 10:00:03 HOST:PORT [INFO] create-diff started',
        '2026-11-22 10:00:06 HOST:PORT [INFO] backup DIFF_CH_BK_2026-11-22_10-00-03 was uploaded as an increment on FULL_CH_BK_2026-11-22_10-00-00, verified and recorded: 8.05 MiB of data, created in 1s, uploaded in 2s',
        '',
      ].join('\n'),
    );
    expect(full.stdout + diff.stdout).toBe('');
  });

  test('one line after 1, 5, 15 and then every 30 minutes of long work', async ({ harnessOf }) => {
    const harness = await harnessOf({ workMs: { create: 100, upload: 100 * minute } });
    const { stderr } = await harness.run('create-full');
    const waiting = lines(stderr).filter((text) => text.includes('still uploading FULL_'));
    const minutes = waiting.map((text) => {
      const [, hours = '10', minute_ = '0'] = / (\d\d):(\d\d):/.exec(text) ?? [];
      return (Number(hours) - 10) * 60 + Number(minute_);
    });
    expect(minutes).toEqual([1, 5, 15, 30, 60, 90]);
    expect(waiting[0]).toMatch(/\(1m( \d+s)?\)$/);
    expect(waiting[5]).toMatch(/\(1h 30m\)$/);
    expect(lines(stderr)).toHaveLength(8);
  });

  test('lines at the same intervals during a wait', async ({ harness }) => {
    harness.simulator.busyWith('upload OTHER', 40 * minute);
    const { stderr } = await harness.run('create-full');
    const messages = lines(stderr).map((text) => text.slice(text.indexOf('[')));
    expect(messages).toEqual([
      '[INFO] create-full started',
      expect.stringMatching(
        /^\[WARNING\] waiting for `upload OTHER`, which has been running since .*$/,
      ),
      expect.stringMatching(/^\[INFO\] still waiting for `upload OTHER` \(1m/),
      expect.stringMatching(/^\[INFO\] still waiting for `upload OTHER` \(5m/),
      expect.stringMatching(/^\[INFO\] still waiting for `upload OTHER` \(15m/),
      expect.stringMatching(/^\[INFO\] still waiting for `upload OTHER` \(30m/),
      '[INFO] finished waiting, continuing',
      expect.stringMatching(/^\[INFO\] backup FULL_/),
    ]);
  });

  test('only warnings and errors with --quiet', async ({ harness }) => {
    expect(await harness.run('create-full', '--quiet')).toMatchObject({ stdout: '', stderr: '' });
    harness.simulator.failNext('upload', 'after all', { madeAnyway: true });
    const warned = await harness.run('create-diff', '--quiet');
    expect(lines(warned.stderr)).toEqual([
      expect.stringMatching(
        /\[WARNING\] clickhouse-backup reported an error while uploading DIFF_\S+: after all$/,
      ),
      expect.stringMatching(/\[WARNING\] backup DIFF_\S+ was uploaded completely anyway$/),
    ]);
    harness.simulator.failNext('create', 'disk full');
    const failed = await harness.run('create-diff', '--quiet');
    expect(lines(failed.stderr)).toEqual([
      expect.stringContaining('::::[ERROR] the creation of backup'),
    ]);
  });

  test('every step and request with --verbose', async ({ harness }) => {
    const { stderr, steps } = await harness.run('create-full', '--verbose');
    for (const text of lines(stderr)) expect(text).toMatch(line);
    for (const step of steps) expect(stderr).toContain(`[DEBUG] step ${step}\n`);
    const logged = [...stderr.matchAll(/\[DEBUG\] ((?:GET|POST) \S+) → 20[01] in \d+ ms/g)];
    expect(logged.map(([, request]) => request)).toEqual(harness.requests());
  });

  test('a request without a response with --verbose', async ({ harness }) => {
    harness.simulator.loseNextAnswer({ method: 'GET' }, { done: false });
    const { code, stderr } = await harness.run('create-full', '--verbose');
    expect(code).toBe(0);
    expect(stderr).toMatch(/\[DEBUG\] GET \S+ → the connection was cut/);
    expect(stderr).toMatch(/\[WARNING\] no response, retrying: \S+: the connection was cut/);
  });

  test('an unexpected error as one line, with its stack trace with --verbose', async ({
    harness,
  }) => {
    const disk = {
      list: () => [],
      exists: () => false,
      read: () => undefined,
      makeFolder: () => {
        throw new TypeError(`two\nlines and ${secret}`);
      },
    } as never;
    const short = await harness.startRaw(['create-full', harness.host, 'rlAPIuser', secret], {
      disk,
    }).done;
    expect(short.code).toBe(1);
    expect(lines(short.stderr)).toEqual([
      expect.stringMatching(
        /::::\[ERROR\] unexpected error: TypeError: two \(this is a bug in chbackup/,
      ),
    ]);
    const argv = ['create-full', harness.host, 'rlAPIuser', secret, '--verbose'];
    const long = await harness.startRaw(argv, { disk }).done;
    expect(lines(long.stderr).length).toBeGreaterThan(3);
    for (const text of lines(long.stderr)) expect(text).toMatch(line);
  });
});

describe('--json', () => {
  test('prints the result as one object on stdout', async ({ harness }) => {
    const full = await harness.run('create-full', '--json');
    expect(full).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(full.stdout)).toEqual({
      command: 'create-full',
      host: harness.host,
      skipped: false,
      backup: harness.lastBackup,
      base: null,
      kind: 'full',
      dataBytes: 8_440_800,
      createSeconds: 1,
      uploadSeconds: 2,
      startedAt: '2026-11-22T10:00:00.000Z',
      finishedAt: '2026-11-22T10:00:03.000Z',
      seconds: 3,
    });
    const base = harness.lastBackup;
    const diff = await harness.run('create-diff', '--json');
    expect(lines(diff.stdout)).toHaveLength(1);
    expect(JSON.parse(diff.stdout)).toEqual({
      command: 'create-diff',
      host: harness.host,
      skipped: false,
      backup: harness.lastBackup,
      base,
      kind: 'increment',
      dataBytes: 8_440_800,
      createSeconds: 1,
      uploadSeconds: 2,
      startedAt: '2026-11-22T10:00:03.000Z',
      finishedAt: '2026-11-22T10:00:06.000Z',
      seconds: 3,
    });
  });

  test('prints warnings and errors as JSON lines on stderr', async ({ harness }) => {
    harness.simulator.failNext('create', 'disk\u001B[31m full\nreally');
    const { code, stdout, stderr } = await harness.run('create-diff', '--json');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).not.toMatch(harmful);
    const common = {
      time: expect.stringMatching(/^2026-11-22 10:00:0\d$/) as string,
      host: harness.host,
    };
    expect(lines(stderr).map((text) => JSON.parse(text) as unknown)).toEqual([
      {
        ...common,
        level: 'warning',
        message: expect.stringContaining('FULL backup first') as string,
      },
      {
        ...common,
        level: 'error',
        error: 'OperationFailedError',
        message: expect.stringMatching(
          /^the creation of backup DIFF_\S+ failed: disk full really$/,
        ) as string,
        hint: expect.any(String) as string,
        exitCode: 1,
      },
    ]);
  });
});

describe('text from the server', () => {
  const evil =
    '\u001B]0;title\u0007\u001B[2J\u001B[31mred\r\nFAKE [INFO] done\u009B5m\u202Egnp\u0000';

  test('an action log error is printed without control characters', async ({ harness }) => {
    harness.simulator.failNext('upload', evil);
    const { stderr } = await harness.run('create-full', '--verbose');
    expect(stderr).not.toMatch(harmful);
    for (const text of lines(stderr)) expect(text).toMatch(line);
    expect(stderr).toMatch(/: red FAKE \[INFO\] done/);
  });

  test('the running action is printed without control characters', async ({ harness }) => {
    harness.simulator.busyWith(`upload ${evil}`, minute);
    const { stderr } = await harness.run('create-full', '--verbose');
    expect(stderr).not.toMatch(harmful);
    for (const text of lines(stderr)) expect(text).toMatch(line);
  });

  test('an error response or a foreign page is printed without control characters', async ({
    harness,
  }) => {
    for (const body of [JSON.stringify({ error: evil }), evil, evil.repeat(1000)]) {
      for (const status of [200, 404, 500]) {
        harness.simulator.answerNext({ method: 'POST' }, { status, body });
        const { code, stderr } = await harness.run('create-full', '--verbose');
        expect(code).toBe(1);
        expect(stderr).not.toMatch(harmful);
        for (const text of lines(stderr)) {
          expect(text).toMatch(line);
          expect(text.length).toBeLessThan(1000);
        }
      }
    }
  });

  test('the base and description of a backup are printed without control characters', async ({
    harness,
  }) => {
    await harness.run('create-full');
    const full = harness.simulator.remote.get(harness.lastBackup ?? '');
    if (full === undefined) throw new Error('no backup');
    for (const spoil of [
      { required: `BASE${evil}` },
      { required: '', broken: `broken (can't read metadata.json: ${evil})` },
    ]) {
      Object.assign(full, spoil);
      const { code, stderr } = await harness.run('create-diff', '--without-base', 'fail');
      expect(code).toBe(1);
      expect(stderr).not.toMatch(harmful);
      for (const text of lines(stderr)) expect(text).toMatch(line);
      expect(harness.log).not.toMatch(harmful);
    }
  });

  test('a very long text is cut', async ({ harness }) => {
    harness.simulator.failNext('upload', 'x'.repeat(100_000));
    const { stderr } = await harness.run('create-full', '--quiet');
    for (const text of lines(stderr)) expect(text.length).toBeLessThan(900);
  });
});

describe('colors', () => {
  const red = '\u001B[31m::::[ERROR]\u001B[39m';

  /** Returns the error line of a run that fails at once. */
  async function errorLine(
    harness: Harness,
    env: Record<string, string>,
    isTerminal: boolean,
    ...more: string[]
  ): Promise<string> {
    const stderr = new CapturedStream(isTerminal);
    harness.env = env;
    const argv = ['create-full', harness.host, 'rlAPIuser', secret, '--wait', '0', ...more];
    harness.simulator.busyWith('watch', minute);
    await harness.startRaw(argv, { stderr }).done;
    return lines(stderr.text).at(-1) ?? '';
  }

  test.for([
    { name: 'a terminal', env: {}, isTerminal: true, colored: true },
    { name: 'no terminal', env: {}, isTerminal: false, colored: false },
    { name: 'NO_COLOR', env: { NO_COLOR: '1' }, isTerminal: true, colored: false },
    { name: 'an empty NO_COLOR', env: { NO_COLOR: '' }, isTerminal: true, colored: true },
    { name: 'FORCE_COLOR', env: { FORCE_COLOR: '1' }, isTerminal: false, colored: true },
    { name: 'FORCE_COLOR=0', env: { FORCE_COLOR: '0' }, isTerminal: true, colored: false },
    {
      name: 'NO_COLOR and FORCE_COLOR',
      env: { NO_COLOR: '1', FORCE_COLOR: '1' },
      isTerminal: true,
      colored: false,
    },
    { name: 'a dumb terminal', env: { TERM: 'dumb' }, isTerminal: true, colored: false },
  ])('with $name: $colored', async ({ env, isTerminal, colored }, { harness }) => {
    expect((await errorLine(harness, env, isTerminal)).includes(red)).toBe(colored);
  });

  test('are not used with --no-color on a terminal', async ({ harness }) => {
    const shown = await errorLine(harness, {}, true, '--no-color');
    expect(shown.slice(shown.lastIndexOf('::::'))).toMatch(/^::::\[ERROR\] /);
    expect(shown).not.toContain(red);
  });

  test('are used before the settings are known, except with --no-color', async ({ harness }) => {
    for (const [argv, expected] of [
      [['create-full'], `${red} no host given`],
      [['create-full', '--no-color'], '::::[ERROR] no host given'],
    ] as const) {
      const stderr = new CapturedStream(true);
      await harness.startRaw([...argv], { stderr }).done;
      expect(stderr.text.startsWith(expected)).toBe(true);
    }
  });
});
