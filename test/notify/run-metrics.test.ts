import { expect, test } from 'vitest';
import { formatRunMetrics, type RunEnd } from '../../src/notify/run-metrics.js';
import { parseMetrics } from '../../src/notify/metrics-text.js';
import type { CommandRun, RecordedBackup, Status } from '../../src/state/status.js';

const at = (time: string) => new Date(`2026-11-22T${time}:00.000Z`);
const seconds = (time: string) => at(time).getTime() / 1000;

const endAt = (time: string, more: Partial<RunEnd> = {}): RunEnd => ({
  command: 'create-diff',
  shard: 'ch1',
  startedAt: at(time),
  finishedAt: new Date(at(time).getTime() + 2500),
  seconds: 2.5,
  exitCode: 0,
  ...more,
});

const runAt = (time: string, exitCode = 0): CommandRun => ({
  backup: undefined,
  base: undefined,
  replica: undefined,
  startedAt: at(time),
  finishedAt: new Date(at(time).getTime() + 2500),
  seconds: 2.5,
  exitCode,
  error: undefined,
});

const successAt = (time: string, more: Partial<RecordedBackup> = {}): RecordedBackup => ({
  backup: `DIFF_CH_BK_2026-11-22_${time.replace(':', '-')}-00`,
  base: undefined,
  replica: undefined,
  createdAt: at(time),
  recordedAt: new Date(at(time).getTime() + 2000),
  dataBytes: 1000,
  chainLength: 3,
  fullBackup: undefined,
  createSeconds: 1,
  uploadSeconds: 1,
  notReplicated: [],
  ...more,
});

const statusOf = (more: Partial<Status> = {}): Status => ({
  firstRunAt: at('01:00'),
  lastRuns: {},
  lastSuccess: {},
  ...more,
});

/** Returns the values of one command by the short name of the series. */
function valuesOf(text: string, command: string): Record<string, number> {
  const own = parseMetrics(text).filter(({ labels }) => labels['command'] === command);
  return Object.fromEntries(own.map(({ name, value }) => [name.replace('chbackup_', ''), value]));
}

test('a file has the last run and the last success of each command, with help and type', async () => {
  const status = statusOf({
    lastRuns: { 'create-full': runAt('08:00', 1), 'create-diff': runAt('10:00') },
    lastSuccess: { FULL: successAt('02:00', { chainLength: 1 }), DIFF: successAt('10:00') },
  });
  const text = await formatRunMetrics(endAt('10:00'), status, undefined);
  expect(valuesOf(text, 'create-diff')).toEqual({
    last_run_timestamp_seconds: seconds('10:00') + 2.5,
    last_run_exit_code: 0,
    last_run_duration_seconds: 2.5,
    last_success_timestamp_seconds: seconds('10:00'),
    first_run_timestamp_seconds: seconds('10:00'),
    backup_data_bytes: 1000,
    chain_length: 3,
  });
  expect(valuesOf(text, 'create-full')).toEqual({
    last_run_timestamp_seconds: seconds('08:00') + 2.5,
    last_run_exit_code: 1,
    last_run_duration_seconds: 2.5,
    last_success_timestamp_seconds: seconds('02:00'),
    first_run_timestamp_seconds: seconds('01:00'),
    backup_data_bytes: 1000,
    chain_length: 1,
  });
  const names = new Set(parseMetrics(text).map(({ name }) => name));
  expect(names.size).toBe(7);
  for (const name of names) {
    expect(text.split('\n').filter((line) => line.startsWith(`# HELP ${name} `))).toHaveLength(1);
    expect(text).toContain(`# TYPE ${name} gauge\n`);
  }
  expect(text).toMatch(/[^\n]\n$/);
});

test('a failed run keeps the last success', async () => {
  const status = statusOf({
    lastRuns: { 'create-diff': runAt('11:00', 1) },
    lastSuccess: { DIFF: successAt('10:00') },
  });
  const text = await formatRunMetrics(endAt('11:00', { exitCode: 1 }), status, undefined);
  expect(valuesOf(text, 'create-diff')).toMatchObject({
    last_run_timestamp_seconds: seconds('11:00') + 2.5,
    last_run_exit_code: 1,
    last_success_timestamp_seconds: seconds('10:00'),
  });
});

test('a run that never got the lock is the last run, also after a run of another command', async () => {
  const status = statusOf({
    lastRuns: { 'create-diff': runAt('10:00'), 'create-full': runAt('02:00') },
    lastSuccess: { DIFF: successAt('10:00') },
  });
  const busy = await formatRunMetrics(endAt('11:00', { exitCode: 11 }), status, undefined);
  expect(valuesOf(busy, 'create-diff')).toMatchObject({ last_run_exit_code: 11 });
  const later = statusOf({
    ...status,
    lastRuns: { ...status.lastRuns, 'create-full': runAt('11:30') },
  });
  const end = endAt('11:30', { command: 'create-full' });
  const text = await formatRunMetrics(end, later, busy);
  expect(valuesOf(text, 'create-diff')).toEqual({
    ...valuesOf(busy, 'create-diff'),
    first_run_timestamp_seconds: seconds('01:00'),
  });
  expect(valuesOf(text, 'create-full')).toMatchObject({ last_run_exit_code: 0 });
  // The status file is newer again.
  const newest = statusOf({
    ...later,
    lastRuns: { ...later.lastRuns, 'create-diff': runAt('12:00', 1) },
  });
  const after = await formatRunMetrics(endAt('13:00', { command: 'create-full' }), newest, text);
  expect(valuesOf(after, 'create-diff')).toMatchObject({ last_run_exit_code: 1 });
});

test('a last run in the future, before the clock was set back, is not kept', async () => {
  const future = await formatRunMetrics(endAt('20:00', { exitCode: 11 }), undefined, undefined);
  const status = statusOf({ lastRuns: { 'create-diff': runAt('10:00') } });
  const end = endAt('11:00', { command: 'create-full' });
  const text = await formatRunMetrics(end, status, future);
  expect(valuesOf(text, 'create-diff')).toMatchObject({
    last_run_timestamp_seconds: seconds('10:00') + 2.5,
    last_run_exit_code: 0,
  });
});

test('the first run of a host that is never reached stays the first', async () => {
  const first = await formatRunMetrics(endAt('10:00', { exitCode: 13 }), undefined, undefined);
  const second = await formatRunMetrics(endAt('11:00', { exitCode: 13 }), undefined, first);
  expect(valuesOf(second, 'create-diff')).toEqual({
    last_run_timestamp_seconds: seconds('11:00') + 2.5,
    last_run_exit_code: 13,
    last_run_duration_seconds: 2.5,
    first_run_timestamp_seconds: seconds('10:00'),
  });
});

test('the first run of a command is not older than the command, even on a host with a long past', async () => {
  const status = statusOf({
    lastRuns: { 'create-full': runAt('02:00'), 'create-diff': runAt('10:00', 1) },
  });
  const text = await formatRunMetrics(endAt('10:00', { exitCode: 1 }), status, undefined);
  expect(valuesOf(text, 'create-diff')).toMatchObject({
    first_run_timestamp_seconds: seconds('10:00'),
  });
  const later = statusOf({ lastRuns: { ...status.lastRuns, 'create-diff': runAt('10:00') } });
  const again = await formatRunMetrics(endAt('12:00'), later, undefined);
  expect(valuesOf(again, 'create-diff')).toMatchObject({
    first_run_timestamp_seconds: seconds('01:00'),
  });
});

test('the last success survives the loss of the status file', async () => {
  const status = statusOf({ lastSuccess: { DIFF: successAt('10:00') } });
  const before = await formatRunMetrics(endAt('10:00'), status, undefined);
  const text = await formatRunMetrics(endAt('11:00', { exitCode: 1 }), undefined, before);
  expect(valuesOf(text, 'create-diff')).toMatchObject({
    last_run_exit_code: 1,
    last_success_timestamp_seconds: seconds('10:00'),
    backup_data_bytes: 1000,
    chain_length: 3,
  });
});

test('a size that the server does not show replaces that of an older backup', async () => {
  const older = statusOf({ lastSuccess: { DIFF: successAt('10:00') } });
  const before = await formatRunMetrics(endAt('10:00'), older, undefined);
  const status = statusOf({ lastSuccess: { DIFF: successAt('11:00', { dataBytes: undefined }) } });
  const text = await formatRunMetrics(endAt('11:00'), status, before);
  expect(valuesOf(text, 'create-diff')).not.toHaveProperty('backup_data_bytes');
});

test.for([
  '',
  'garbage {} \0',
  'chbackup_last_run_timestamp_seconds{shard="ch1",command="create-full"} NaN',
  'chbackup_last_run_timestamp_seconds{shard="other",command="create-full"} 5',
  'other_series{shard="ch1",command="create-full"} 5',
  '{shard="ch1"} 5',
])('a previous file that contains %j adds nothing', async (previous) => {
  const end = endAt('10:00');
  expect(await formatRunMetrics(end, undefined, previous)).toBe(
    await formatRunMetrics(end, undefined, undefined),
  );
});
