import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { vi } from 'vitest';
import {
  type FakeBackup,
  fakePath,
  type FakeState,
  type FakeVersion,
} from '../engine/binary/fake-program.js';
import type { Harness, Result } from './harness.js';
import { weeks } from './weeks.js';

// A run starts Node half a dozen times; on a busy machine that takes its time.
vi.setConfig({ testTimeout: 90_000 });

/** The program run on a harness, but with a local clickhouse-backup instead of the server. */
export class BinaryRuns {
  private readonly harness: Harness;
  private readonly stateFile: string;
  private readonly callsFile: string;

  constructor(harness: Harness, version: FakeVersion, state: Partial<FakeState> = {}) {
    this.harness = harness;
    this.stateFile = path.join(harness.folder, 'fake.json');
    this.callsFile = path.join(harness.folder, 'calls');
    this.state = { tables: {}, local: [], remote: [], ...state };
    writeFileSync(this.callsFile, '');
    harness.env = {
      PATH: process.env['PATH'] ?? '',
      FAKE_VERSION: version,
      FAKE_STATE: this.stateFile,
      FAKE_CALLS: this.callsFile,
    };
  }

  get state(): FakeState {
    return JSON.parse(readFileSync(this.stateFile, 'utf8')) as FakeState;
  }
  set state(state: FakeState) {
    writeFileSync(this.stateFile, JSON.stringify(state));
  }

  change(more: Partial<FakeState>): void {
    this.state = { ...this.state, ...more };
  }

  names(location: 'local' | 'remote'): string[] {
    return this.state[location].map(({ name }) => name);
  }

  /** Runs `chbackup …` without a host. */
  run(...argv: string[]): Promise<Result> {
    return this.harness.startRaw([...argv, '--binary', '--binary-path', fakePath]).done;
  }

  /** What the program was asked for, reading aside. */
  changes(): string[] {
    const lines = readFileSync(this.callsFile, 'utf8').split('\n').filter(Boolean);
    return lines
      .map((line) => (JSON.parse(line) as { args: string[] }).args.join(' '))
      .filter((line) => /^(delete|download|restore)/.test(line));
  }

  get lastBackup(): string | undefined {
    return this.harness.file('.local_last_backup');
  }
  set lastBackup(name: string) {
    mkdirSync(this.harness.logDir, { recursive: true });
    this.harness.writeFile('.local_last_backup', name);
  }
}

/** The two chains, and the backup that a person made. */
export const fakeWeeks = (): FakeBackup[] =>
  weeks.map(({ name, required }, at) => ({
    name,
    required,
    created: `2026-11-0${at + 1} 20:30:00`,
    bytes: 8_445_952,
  }));
