import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished } from 'vitest';
import { type Harness, test } from '../support/harness.js';
import { brokenFolder, MetricsFiles, Receiver, receiverKinds } from '../support/monitors.js';

const minute = 60_000;
const full = 'FULL_CH_BK_2026-11-22_10-00-00';
const token = 'tok3n-0123456789abcdef';
const pingUrl = `https://hc.example.org/${token}`;

/** Lets later runs ping and write metrics files. */
function monitor(harness: Harness, url = pingUrl): { receiver: Receiver; files: MetricsFiles } {
  const receiver = new Receiver(harness.clock);
  const files = new MetricsFiles();
  onTestFinished(() => {
    for (const { stdout, stderr, titles } of harness.results) {
      expect(stdout + stderr + titles.join('\n')).not.toContain(token);
    }
    const kept = harness.files.filter((name) => name.endsWith('.log') || name.endsWith('.json'));
    for (const name of kept) expect(harness.file(name)).not.toContain(token);
    for (const { body } of receiver.pings) expect(body).not.toContain(token);
    files.remove();
  });
  harness.environment = { pingTransport: receiver.open };
  harness.env = { CHBACKUP_PING_URL: url, CHBACKUP_METRICS_DIR: files.directory };
  return { receiver, files };
}

const metricsOf = (harness: Harness) => `chbackup_${harness.hostInFiles}.prom`;

const warningsIn = (stderr: string) =>
  stderr.split('\n').filter((line) => line.includes('[WARNING]'));

/** Runs a command; also returns how long it took from the end of the work. */
async function runToEnd(harness: Harness, command: string, ...more: string[]) {
  let endMs = Infinity;
  harness.when('end', () => (endMs = harness.clock.elapsed()));
  const result = await harness.run(command, ...more);
  return { ...result, afterEndMs: harness.clock.elapsed() - endMs };
}

describe('pings', () => {
  test('show the start and the end of a run with its last lines', async ({ harness }) => {
    const { receiver } = monitor(harness);
    const { code } = await harness.run('create-full', '--quiet');
    expect(code).toBe(0);
    const [start, end] = receiver.pings;
    expect(receiver.paths).toEqual([`/${token}/start?rid=ID`, `/${token}/0?rid=ID`]);
    expect(start?.path.split('rid=')[1]).toMatch(/^[\da-f]{8}-[\da-f-]{27}$/);
    expect(end?.path.split('rid=')[1]).toBe(start?.path.split('rid=')[1]);
    expect([start?.body, start?.baseUrl]).toEqual(['', 'https://hc.example.org']);
    expect(end?.body).toMatch(/\[INFO\] create-full started\n/);
    expect(end?.body).toContain(
      `2026-11-22 10:00:03 ${harness.host} [INFO] backup ${full} was uploaded in full`,
    );
    await harness.run('create-full');
    expect(new Set(receiver.pings.map((ping) => ping.path.split('rid=')[1])).size).toBe(2);
  });

  test('start beside the work: a receiver that hangs delays nothing', async ({ harness }) => {
    const { receiver } = monitor(harness);
    receiver.receiving = [{ kind: 'hangs' }];
    const { stderr } = await harness.run('create-full');
    expect(stderr).toContain(`10:00:03 ${harness.host} [INFO] backup ${full} was uploaded`);
  });

  test('show a failure with its message and exit code', async ({ harness }) => {
    const { receiver } = monitor(harness);
    harness.simulator.failNext('create', 'no space');
    const { code } = await harness.run('create-full', '--json');
    expect(code).toBe(1);
    expect(receiver.paths.at(-1)).toBe(`/${token}/1?rid=ID`);
    expect(receiver.pings.at(-1)?.body).toMatch(/::::\[ERROR\] .*no space/);
  });

  test('of a busy host go to the log of the check', async ({ harness }) => {
    const { receiver } = monitor(harness);
    const free = harness.holdLock('');
    expect((await harness.run('create-full', '--wait', '1m')).code).toBe(11);
    free();
    expect(receiver.paths).toEqual([`/${token}/start?rid=ID`, `/${token}/log?rid=ID`]);
    expect(receiver.pings[1]?.body).toContain('another chbackup is working');
  });

  test('of a run that is not needed are a success', async ({ harness }) => {
    const { receiver, files } = monitor(harness);
    await harness.run('create-full');
    await harness.clock.sleep(10 * minute);
    const { code } = await harness.run('create-full', '--if-older-than', '20h');
    expect([code, receiver.paths.at(-1)]).toEqual([0, `/${token}/0?rid=ID`]);
    expect(receiver.pings.at(-1)?.body).toContain('nothing to do');
    expect(files.values(metricsOf(harness))).toMatchObject({
      'last_run_timestamp_seconds create-full': Date.parse('2026-11-22T10:10:03Z') / 1000,
      'last_success_timestamp_seconds create-full': Date.parse('2026-11-22T10:00:00Z') / 1000,
    });
  });

  test('are filled in with the command and the host', async ({ harness }) => {
    const { receiver } = monitor(harness, `https://hc/${token}/{command}/{shard}?create=1`);
    await harness.run('create-full');
    const start = `/${token}/create-full/${harness.hostInFiles}`;
    expect(receiver.paths).toEqual([
      `${start}/start?create=1&rid=ID`,
      `${start}/0?create=1&rid=ID`,
    ]);
  });

  test('are sent for backups only', async ({ harness }) => {
    const { receiver, files } = monitor(harness, `${pingUrl}/{command}`);
    await harness.run('list');
    await harness.run('delete-remote', '--all', '--yes');
    expect([receiver.pings, files.names]).toEqual([[], []]);
  });

  test('of a wrong option are sent as well', async ({ harness }) => {
    const { receiver } = monitor(harness);
    expect((await harness.run('create-full', '--if-older-than', 'soon')).code).toBe(2);
    expect(receiver.paths.at(-1)).toBe(`/${token}/2?rid=ID`);
  });

  test('contain no secret, even if the server repeats it', async ({ harness }) => {
    const { receiver } = monitor(harness);
    const text = `${token} and ${pingUrl} and ${harness.password}`;
    harness.simulator.failNext('create', text);
    expect((await harness.run('create-full')).code).toBe(1);
    expect(receiver.pings.at(-1)?.body).toContain('*** and *** and ***');
  });

  test('of a new host that is unreachable are sent, and leave no files', async ({ harness }) => {
    const { receiver, files } = monitor(harness, `${pingUrl}/{shard}`);
    harness.simulator.refuse = true;
    receiver.receiving = [{ kind: 'answers', status: 404 }];
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(13);
    expect(receiver.paths.at(-1)).toBe(`/${token}/${harness.hostInFiles}/13?rid=ID`);
    expect(warningsIn(stderr).at(-1)).toContain('was not delivered: the answer was HTTP 404');
    expect(harness.files).toEqual([]);
    expect(files.values(metricsOf(harness))).toMatchObject({
      'last_run_exit_code create-full': 13,
      'first_run_timestamp_seconds create-full': Date.parse('2026-11-22T10:00:00Z') / 1000,
    });
  });

  test('do not contain a host that may be a password in the wrong place', async ({ harness }) => {
    const { receiver, files } = monitor(harness, `${pingUrl}/{shard}`);
    const { code } = await harness.startRaw(['create-full', 'S3cretWord', 'user', 'host']).done;
    expect([code, receiver.pings, files.names]).toEqual([13, [], []]);
  });
});

describe('a signal', () => {
  test.for(['SIGINT', 'SIGTERM'] as const)(
    '%s: the last ping has its exit code',
    async (name, { harness }) => {
      const { receiver, files } = monitor(harness);
      const running = harness.start('create-full');
      harness.when('upload', () => running.signal(name));
      const { code } = await running.done;
      expect([code, receiver.paths.at(-1)]).toEqual([
        name === 'SIGINT' ? 130 : 143,
        `/${token}/${code}?rid=ID`,
      ]);
      expect(files.values(metricsOf(harness))).toMatchObject({
        'last_run_exit_code create-full': code,
      });
    },
  );

  test.for(receiverKinds)('ends the run within 3 s: %j', async (receiving, { harness }) => {
    const { receiver } = monitor(harness);
    receiver.receiving = [receiving];
    const running = harness.start('create-full');
    let sentMs = 0;
    harness.when('upload', () => {
      sentMs = harness.clock.elapsed();
      running.signal('SIGTERM');
    });
    expect((await running.done).code).toBe(143);
    expect(harness.clock.elapsed() - sentMs).toBeLessThanOrEqual(3000);
  });

  test('while the last ping waits shortens that, without another exit code', async ({
    harness,
  }) => {
    const { receiver } = monitor(harness);
    receiver.receiving = [{ kind: 'hangs' }];
    const running = harness.start('create-full');
    let endMs = 0;
    harness.when('end', () => {
      endMs = harness.clock.elapsed();
      harness.later(5000, () => running.signal('SIGINT'));
    });
    expect((await running.done).code).toBe(0);
    const tookMs = harness.clock.elapsed() - endMs;
    expect(tookMs).toBeGreaterThan(5000);
    expect(tookMs).toBeLessThanOrEqual(8000);
  });
});

describe('a receiver that', () => {
  test.for(receiverKinds)(
    'behaves like %j changes no exit code and delays the end by at most 30 s',
    async (receiving, { harness }) => {
      const { receiver } = monitor(harness);
      receiver.receiving = [receiving];
      const done = await runToEnd(harness, 'create-full');
      expect(done.code).toBe(0);
      expect(done.afterEndMs).toBeLessThanOrEqual(30_000);
      harness.simulator.failNext('create', 'no space');
      const failed = await runToEnd(harness, 'create-diff');
      expect(failed.code).toBe(1);
      expect(failed.afterEndMs).toBeLessThanOrEqual(30_000);
      const isGood = receiving.kind === 'answers' && receiving.status === 200;
      const mayWarn = !isGood || (receiving.afterMs ?? 0) > minute;
      for (const { stderr } of [done, failed]) {
        const warnings = warningsIn(stderr).filter((line) => line.includes(' ping '));
        expect(warnings.length).toBe(mayWarn ? 1 : 0);
        for (const line of warnings) {
          expect(line).toMatch(/the final ping was not delivered: /);
          expect(line).not.toContain('hc.example.org');
        }
      }
      const logged = harness.log.match(/WARNING:\n.*the final ping was not delivered: /g) ?? [];
      expect(logged.length).toBe(mayWarn ? 2 : 0);
    },
  );
});

describe('metrics files', () => {
  test('show the last run and the last success', async ({ harness }) => {
    const { files } = monitor(harness);
    await harness.run('create-full');
    expect(files.names).toEqual([metricsOf(harness)]);
    const atMs = Date.parse('2026-11-22T10:00:00Z');
    const first = files.values(metricsOf(harness));
    expect(first).toEqual({
      'last_run_timestamp_seconds create-full': atMs / 1000 + 3,
      'last_run_exit_code create-full': 0,
      'last_run_duration_seconds create-full': 3,
      'last_success_timestamp_seconds create-full': atMs / 1000,
      'first_run_timestamp_seconds create-full': atMs / 1000,
      'backup_data_bytes create-full': 8_440_800,
      'chain_length create-full': 1,
    });
    await harness.clock.sleep(60 * minute);
    await harness.run('create-diff');
    harness.simulator.failNext('create', 'no space');
    expect((await harness.run('create-full')).code).toBe(1);
    const second = files.values(metricsOf(harness));
    expect(second).toMatchObject({
      'last_run_exit_code create-full': 1,
      'last_success_timestamp_seconds create-full': atMs / 1000,
      'chain_length create-diff': 2,
    });
  });

  test('show a run that never got the lock, although the status file does not', async ({
    harness,
  }) => {
    const { files } = monitor(harness);
    await harness.run('create-full');
    const free = harness.holdLock('');
    expect((await harness.run('create-diff', '--wait', '0')).code).toBe(11);
    free();
    await harness.run('create-full');
    expect(files.values(metricsOf(harness))).toMatchObject({
      'last_run_exit_code create-diff': 11,
      'last_run_exit_code create-full': 0,
    });
  });

  test.for(['missing', 'a file', 'full', 'hanging'] as const)(
    'in a directory that is %s are one warning, with the same exit code',
    async (how, { harness }) => {
      const { files } = monitor(harness);
      const directory = path.join(files.folder, 'other');
      harness.env = { CHBACKUP_METRICS_DIR: directory };
      if (how === 'a file') harness.env = { CHBACKUP_METRICS_DIR: '/dev/full' };
      if (how === 'full' || how === 'hanging') {
        const broken = how === 'full' ? 'full' : 'hangs';
        harness.environment = { metricsFolder: brokenFolder(broken, harness.clock) };
      }
      const reason = {
        missing: 'no such file or directory',
        'a file': 'part of the path is not a directory',
        full: 'no space left on the device',
        hanging: 'no answer in time',
      }[how];
      const { code, stderr, afterEndMs } = await runToEnd(harness, 'create-full');
      expect(code).toBe(0);
      expect(warningsIn(stderr)).toEqual([
        expect.stringMatching(new RegExp(`the metrics file was not written: ${reason}$`)),
      ]);
      expect(harness.log).toContain(`WARNING:\nthe metrics file was not written: ${reason}\n`);
      expect(afterEndMs).toBeLessThanOrEqual(30_000);
    },
  );

  test('are in the directory that the option names, relative to the working directory', async ({
    harness,
  }) => {
    mkdirSync(path.join(harness.folder, 'textfile'));
    const { code, stderr } = await harness.run('create-full', '--metrics-dir', 'textfile');
    expect([code, warningsIn(stderr)]).toEqual([0, []]);
  });
});
