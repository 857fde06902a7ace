import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished, describe, expect, test, vi } from 'vitest';
import { type Clock, limitBySleeping, systemClock } from '../../../src/time/clock.js';
import { InterruptedError } from '../../../src/errors.js';
import { type Fake, startFake } from './fake-program.js';

/** Returns a clock whose time limits expire as soon as the fake program hangs. */
function impatientClock() {
  const watched = { stateFile: '' };
  const sleep = async (_ms: number, signal?: AbortSignal) => {
    while (!existsSync(`${watched.stateFile}.pid`)) await systemClock.sleep(20, signal);
  };
  const limit: Clock['limit'] = (ms, work, signal) => limitBySleeping({ sleep }, ms, work, signal);
  const clock: Clock = { ...systemClock, limit };
  return { clock, watch: (fake: Fake) => Object.assign(watched, { stateFile: fake.stateFile }) };
}

const exists = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

async function pidOf({ stateFile }: Fake): Promise<number> {
  const file = `${stateFile}.pid`;
  await vi.waitFor(
    () => expect(existsSync(file) && readFileSync(file, 'utf8')).toBeTruthy(),
    20_000,
  );
  const pid = Number(readFileSync(file, 'utf8'));
  onTestFinished(() => {
    if (exists(pid)) process.kill(pid, 'SIGKILL');
  });
  return pid;
}

const state = { hang: ['list', 'restore', 'download', 'delete'], remote: [{ name: 'b1' }] };

describe('a program that cannot be started', () => {
  test.each([
    ['/no/such/program', 'no such file or directory'],
    ['no-such-program-on-path', 'it is not on PATH'],
    [tmpdir(), 'permission denied'],
    [import.meta.filename, 'permission denied'],
  ])('%s: %s', async (path, reason) => {
    const { client } = startFake({ path });
    await expect(client.list('all')).rejects.toMatchObject({
      name: 'ConfigError',
      message: expect.stringContaining(`cannot start ${path}: ${reason}`) as string,
      hint: expect.stringContaining('--binary-path') as string,
    });
  });
});

describe('a program that takes too long', () => {
  test('is stopped if it waits for ClickHouse, which is reported as not answering', async () => {
    const text =
      'clickhouse connection ping: tcp://127.0.0.1:9000 return error: connection refused';
    const stderr = { tables: `2026-11-22 18:14:43.837 WRN pkg/c.go:1 > ${text}` };
    const { clock, watch } = impatientClock();
    const fake = startFake({ clock, state: { hang: ['tables'], stderr } });
    watch(fake);
    await expect(fake.client.checkUsable()).rejects.toMatchObject({
      name: 'UnreachableError',
      exitCode: 13,
      message: `ClickHouse does not answer: clickhouse-backup tables --all --tables=nosuch.nosuch is still running after 30s: ${text}`,
      hint: expect.stringContaining('check that ClickHouse is running') as string,
    });
    const pid = await pidOf(fake);
    await vi.waitFor(() => expect(exists(pid)).toBe(false), 20_000);
  });

  test('is stopped during a list, and the error contains its last output', async () => {
    const stderr = { list: '2026-11-22 18:14:43.837 WRN pkg/c.go:1 > ping: connection refused' };
    const { clock, watch } = impatientClock();
    const fake = startFake({ clock, state: { ...state, stderr } });
    watch(fake);
    const listing = fake.client.list('remote');
    await expect(listing).rejects.toMatchObject({
      name: 'OperationTimeoutError',
      message: expect.stringMatching(
        /is still running after 10m: ping: connection refused/,
      ) as string,
    });
    const pid = await pidOf(fake);
    await vi.waitFor(() => expect(exists(pid)).toBe(false), 20_000);
  });

  test('is left running during a delete after 10 minutes', async () => {
    const { clock, watch } = impatientClock();
    const fake = startFake({ clock, state });
    watch(fake);
    const deleting = fake.client.delete('remote', 'b1');
    await expect(deleting).rejects.toMatchObject({
      name: 'OperationTimeoutError',
      exitCode: 14,
      message: 'clickhouse-backup delete remote -- b1 is still running after 10m',
    });
    expect(exists(await pidOf(fake))).toBe(true);
  });

  test('is left running during a download', async () => {
    const { clock, watch } = impatientClock();
    const fake = startFake({ clock, timeoutMs: 120_000, state });
    watch(fake);
    const error: unknown = await fake.client.download('b1').catch((reason: unknown) => reason);
    const pid = await pidOf(fake);
    expect(error).toMatchObject({
      name: 'OperationTimeoutError',
      message: 'clickhouse-backup download -- b1 is still running after 2m',
      hint: `it continues as process ${pid}`,
    });
    expect(exists(pid)).toBe(true);
  });
});

describe('on a signal', () => {
  test('stops waiting for a download and leaves it running', async () => {
    const controller = new AbortController();
    const fake = startFake({ signal: controller.signal, state });
    const download = fake.client.download('b1');
    download.catch(() => undefined);
    const pid = await pidOf(fake);
    const reason = new InterruptedError('SIGTERM');
    controller.abort(reason);
    await expect(download).rejects.toBe(reason);
    expect(exists(pid)).toBe(true);
    await expect(fake.client.download('b1')).rejects.toBe(reason);
  });

  test('stops a list', async () => {
    const controller = new AbortController();
    const fake = startFake({ signal: controller.signal, state });
    const list = fake.client.list('all');
    list.catch(() => undefined);
    const pid = await pidOf(fake);
    controller.abort(new InterruptedError('SIGINT'));
    await expect(list).rejects.toThrow('SIGINT');
    await vi.waitFor(() => expect(exists(pid)).toBe(false), 20_000);
  });
});

test('reports long work to the observer', async () => {
  const fake = startFake({ state: { remote: [{ name: 'b1' }], slowMs: { download: 600 } } });
  await fake.client.download('b1');
  expect(fake.observed.filter(([name]) => name === 'working').length).toBeGreaterThan(2);
});

describe('the temporary directory', () => {
  test('is empty afterwards', async () => {
    const { client, stateFile } = startFake({ state: {} });
    const directory = join(dirname(stateFile), 'tmp');
    mkdirSync(directory);
    useTmpdir(directory);
    await client.list('all');
    expect(readdirSync(directory)).toEqual([]);
  });

  test('is named in the error if it is not writable', async () => {
    const { client, stateFile } = startFake({ state: {} });
    useTmpdir(`${stateFile}.none`);
    await expect(client.list('all')).rejects.toMatchObject({
      name: 'StateError',
      message: expect.stringContaining(`${stateFile}.none`) as string,
    });
  });
});

function useTmpdir(directory: string): void {
  vi.stubEnv('TMPDIR', directory);
  onTestFinished(() => void vi.unstubAllEnvs());
}
