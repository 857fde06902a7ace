import { describe, expect, onTestFinished, test } from 'vitest';
import type { CheckFindings } from '../../src/notify/check-metrics.js';
import { type MetricsFolder, openMetricsFolder } from '../../src/notify/metrics-folder.js';
import { Monitor } from '../../src/notify/monitor.js';
import { urlFor } from '../../src/notify/ping-address.js';
import type { RecordedBackup, Status } from '../../src/state/status.js';
import { MetricsFiles, Receiver } from '../support/monitors.js';
import { VirtualClock } from '../support/virtual-clock.js';

const checked: CheckFindings = {
  exitCode: 1,
  checks: [
    { name: 'server', status: 'ok', text: 'ch-2 answers' },
    { name: 'newest', status: 'critical', text: 'the newest backup is 9h old\nsecret' },
    { name: 'complete', status: 'skipped', text: 'only with --deep' },
  ],
};

const recorded: RecordedBackup = {
  backup: 'FULL_CH_BK_2026-11-22_08-00-00',
  base: undefined,
  replica: undefined,
  createdAt: new Date(0),
  recordedAt: new Date(0),
  dataBytes: undefined,
  chainLength: 1,
  fullBackup: undefined,
  createSeconds: undefined,
  uploadSeconds: undefined,
  notReplicated: [],
};

/** Opens the monitor of a `check`, with two shards. */
function openCheck(pingUrl: string | undefined) {
  const clock = new VirtualClock();
  const receiver = new Receiver(clock);
  const files = new MetricsFiles();
  onTestFinished(() => files.remove());
  const monitor = new Monitor({
    command: 'check',
    pingUrl,
    folder: openMetricsFolder(files.directory),
    openTransport: ({ baseUrl }) => receiver.open(baseUrl),
    clock,
    signal: new AbortController().signal,
    redact: (text) => text.replaceAll('secret', '***'),
  });
  const watch = (name: string) =>
    monitor.watch({ name, isShown: () => true, readStatus: () => undefined });
  return { monitor, receiver, files, shards: [watch('ch-1'), watch('ch-2')] as const };
}

test('many shards cause no warning of Node about listeners', async () => {
  const warnings: string[] = [];
  const onWarning = (warning: Error) => void warnings.push(warning.name);
  process.on('warning', onWarning);
  onTestFinished(() => void process.off('warning', onWarning));
  const { monitor, receiver } = openCheck('https://hc/{command}/{shard}');
  receiver.receiving = [{ kind: 'hangs' }];
  for (let at = 0; at < 50; at += 1) {
    monitor.watch({ name: `h${at}`, isShown: () => true, readStatus: () => undefined }).end(0);
  }
  expect(await monitor.finish(0)).toHaveLength(50);
  await new Promise((resolve) => void setImmediate(resolve));
  expect(warnings).toEqual([]);
});

test('two runs that write one file at the same time lose neither result', async () => {
  const clock = new VirtualClock();
  const files = new MetricsFiles();
  onTestFinished(() => files.remove());
  const folder = openMetricsFolder(files.directory);
  const at = (time: string) => new Date(`2026-11-22T${time}:00`);
  const statusAt = (time: string): Status => ({
    firstRunAt: at('08:00'),
    lastRuns: {},
    lastSuccess: { FULL: { ...recorded, createdAt: at(time) } },
  });
  let status = statusAt('08:00');
  const open = (command: string, opened: MetricsFolder) =>
    new Monitor({
      ...{ command, pingUrl: undefined, folder: opened, clock, redact: (text: string) => text },
      openTransport: () => () => Promise.reject(new Error('no pings')),
      signal: new AbortController().signal,
    });
  const end = async (monitor: Monitor, exitCode: number) => {
    const shard = { name: 'ch-1', isShown: () => true, readStatus: () => status };
    monitor.watch(shard).end(exitCode);
    expect(await monitor.finish(exitCode)).toEqual([]);
  };
  // The full backup ends after the busy increment has read both files, and before it writes its own.
  let isFirst = true;
  const slow: MetricsFolder = {
    read: folder.read,
    async replace(name, text) {
      if (isFirst) {
        isFirst = false;
        status = statusAt('09:00');
        await end(open('create-full', folder), 0);
      }
      await folder.replace(name, text);
    },
  };
  await end(open('create-diff', slow), 11);
  expect(files.values('chbackup_ch-1.prom')).toMatchObject({
    'last_success_timestamp_seconds create-full': at('09:00').getTime() / 1000,
    'last_run_exit_code create-diff': 11,
  });
});

describe('a check', () => {
  test('writes a file per shard and shows its results in one ping', async () => {
    const { monitor, receiver, files, shards } = openCheck('https://hc/{command}');
    shards[0].checked({ exitCode: 0, checks: checked.checks.slice(0, 1) });
    shards[1].checked(checked);
    for (const shard of shards) shard.end(0);
    expect(await monitor.finish(3)).toEqual([]);
    expect(files.names).toEqual(['chbackup_check_ch-1.prom', 'chbackup_check_ch-2.prom']);
    const atSeconds = Date.parse('2026-11-22T10:00:00') / 1000;
    expect(files.values('chbackup_check_ch-2.prom')).toEqual({
      check_timestamp_seconds: atSeconds,
      'check_status server': 0,
      'check_status newest': 2,
    });
    expect(receiver.paths).toEqual(['/check/start?rid=ID', '/check/3?rid=ID']);
    expect(receiver.pings[1]?.body).toBe(
      [
        'ch-1 ok server: ch-2 answers',
        'ch-2 ok server: ch-2 answers',
        'ch-2 critical newest: the newest backup is 9h old ***',
        'ch-2 skipped complete: only with --deep',
        '',
      ].join('\n'),
    );
  });

  test('pings each shard with its own exit code and results', async () => {
    const { monitor, receiver, shards } = openCheck('https://hc/{command}/{shard}');
    shards[0].checked({ exitCode: 0, checks: checked.checks.slice(0, 1) });
    shards[1].checked(checked);
    for (const shard of shards) shard.end(0);
    await monitor.finish(3);
    expect(receiver.paths.slice(2)).toEqual(['/check/ch-1/0?rid=ID', '/check/ch-2/1?rid=ID']);
    expect(receiver.pings[2]?.body).toBe('ok server: ch-2 answers\n');
  });

  test('that found out nothing leaves the file of the last one', async () => {
    const { monitor, files, shards } = openCheck(undefined);
    shards[0].checked(checked);
    shards[0].end(0);
    shards[1].end(13);
    expect(await monitor.finish(13)).toEqual([]);
    expect(files.names).toEqual(['chbackup_check_ch-1.prom']);
  });

  test('pings only a URL that names the command', () => {
    expect(urlFor('check', 'https://hc/UUID')).toBeUndefined();
    expect(urlFor('check', 'https://hc/{shard}')).toBeUndefined();
    expect(urlFor('check', 'https://hc/{command}')).toBe('https://hc/{command}');
    expect(urlFor('check', undefined)).toBeUndefined();
    expect(urlFor('run', 'https://hc/UUID')).toBe('https://hc/UUID');
  });
});
