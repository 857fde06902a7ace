import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  type FakeBackup,
  fakePath,
  playFake,
  type FakeState,
  type FakeVersion,
} from '../client/binary/fake-program.js';
import type { Harness, Result } from './harness.js';
import { weeks } from './weeks.js';

/** Runs chbackup on a harness, but with a local clickhouse-backup instead of the server. */
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

  /** Runs `chbackup …` without a host; a fake clickhouse-backup runs in this process. */
  run(...argv: string[]): Promise<Result> {
    const args = [...argv, '--binary', '--binary-path', fakePath];
    return this.harness.startRaw(args, { startProgram: playFake }).done;
  }

  /** Returns the command lines of clickhouse-backup that change something. */
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

/** Returns the backups of `weeks` for the fake clickhouse-backup. */
export const fakeWeeks = (): FakeBackup[] =>
  weeks.map(({ name, required }, at) => ({
    name,
    required,
    created: `2026-11-0${at + 1} 20:30:00`,
    bytes: 8_445_952,
  }));
