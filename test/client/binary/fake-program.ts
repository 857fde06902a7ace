import { mkdtempSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished, vi } from 'vitest';
import { type Clock, systemClock } from '../../../src/time/clock.js';
import { WaitBudget } from '../../../src/time/waiting.js';
import { createBinaryClient } from '../../../src/client/binary/binary-client.js';
import type { StartProgram } from '../../../src/client/binary/start-program.js';
import type { Client } from '../../../src/client/client.js';
import type { ClientObserver } from '../../../src/client/observer.js';
import { play } from './fake-play.mjs';

// Each call starts a Node.js process, which is slow on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

export const fakePath = fileURLToPath(new URL('fake-clickhouse-backup.mjs', import.meta.url));

export type FakeVersion = '2.4.0' | '2.6.30' | '2.8.1';
export const fakeVersions: FakeVersion[] = ['2.4.0', '2.6.30', '2.8.1'];

export interface FakeBackup {
  name: string;
  created?: string;
  bytes?: number;
  required?: string;
  broken?: string;
  oldFormat?: boolean;
  tables?: Record<string, number>;
}

/** See the head of fake-play.mjs. */
export interface FakeState {
  local: FakeBackup[];
  remote: FakeBackup[];
  tables: Record<string, number>;
  [more: string]: unknown;
}

export interface FakeOptions {
  version?: FakeVersion;
  state?: Partial<FakeState>;
  clock?: Clock;
  signal?: AbortSignal;
  waitMs?: number;
  timeoutMs?: number;
  env?: Record<string, string>;
  path?: string;
}

export interface Fake {
  client: Client;
  stateFile: string;
  state(): FakeState;
  calls(): { args: string[]; env: Record<string, string> }[];
  observed: unknown[][];
  wait: WaitBudget;
}

/** Runs the fake program in this process, because starting a process takes longer than a test. */
export const playFake: StartProgram = (_path, args, { env, stdout, stderr }) => {
  const killed = new AbortController();
  const ended = play({
    given: args,
    env,
    out: (text) => writeSync(stdout, text),
    err: (text) => writeSync(stderr, text),
    killed: killed.signal,
  });
  return { pid: undefined, ended, kill: () => killed.abort(), unref: () => undefined };
};

/** Creates a client for the fake program; with `state`, the program keeps state between calls. */
export function startFake(options: FakeOptions = {}): Fake {
  const directory = mkdtempSync(join(tmpdir(), 'fake-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const stateFile = join(directory, 'state.json');
  const callsFile = join(directory, 'calls');
  writeFileSync(callsFile, '');
  if (options.state !== undefined) writeFileSync(stateFile, JSON.stringify(full(options.state)));
  const observed: unknown[][] = [];
  const wait = new WaitBudget(options.waitMs ?? 0);
  const client = createBinaryClient({
    path: options.path ?? fakePath,
    cwd: process.cwd(),
    clock: options.clock ?? systemClock,
    signal: options.signal ?? new AbortController().signal,
    timeoutMs: options.timeoutMs ?? 60_000,
    observer: recorder(observed),
    wait,
    env: {
      PATH: process.env['PATH'],
      FAKE_VERSION: options.version ?? '2.8.1',
      FAKE_CALLS: callsFile,
      ...(options.state && { FAKE_STATE: stateFile }),
      ...options.env,
    },
  });
  const lines = () => readFileSync(callsFile, 'utf8').split('\n').filter(Boolean);
  return {
    client,
    stateFile,
    state: () => JSON.parse(readFileSync(stateFile, 'utf8')) as FakeState,
    calls: () => lines().map((line) => JSON.parse(line) as ReturnType<Fake['calls']>[number]),
    observed,
    wait,
  };
}

function full(state: Partial<FakeState>): FakeState {
  const created = (row: FakeBackup) => ({ created: '2026-11-22 13:03:56', required: '', ...row });
  return {
    tables: {},
    ...state,
    local: (state.local ?? []).map(created),
    remote: (state.remote ?? []).map(created),
  };
}

function recorder(observed: unknown[][]): ClientObserver {
  const note =
    (name: string) =>
    (...values: unknown[]) =>
      void observed.push([name, ...values]);
  return {
    busy: note('busy'),
    stillBusy: note('stillBusy'),
    free: note('free'),
    working: note('working'),
    hostResolved: note('hostResolved'),
    unanswered: note('unanswered'),
    answered: note('answered'),
    requested: note('requested'),
  };
}
