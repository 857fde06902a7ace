import type { SimulatorOptions } from '../simulator/simulator.js';
import { base, type Stage } from './stage.js';

export interface Scenario {
  name: string;
  code: number;
  server?: Partial<SimulatorOptions>;
  prepare?: (stage: Stage) => void | Promise<void>;
  /** Default: create-full. */
  command?: 'create-full' | 'create-diff';
  options?: string[];
}

const second = 1000;
const minute = 60 * second;

/** All outcomes of a run. */
export const scenarios: readonly Scenario[] = [
  ...youngBackups(),
  ...diffs(),
  { name: 'a full', code: 0 },
  ...creates(),
  ...uploads(),
  ...interruptedRuns(),
  ...waits(),
  ...failures(),
];

function youngBackups(): Scenario[] {
  const young = ['--if-older-than', '20h'];
  return [
    {
      name: 'no last-backup file, but a young backup',
      code: 0,
      options: young,
      prepare({ harness, simulator }) {
        harness.writeFile(`${harness.hostInFiles}_backup_ch.log`, '');
        simulator.addBackup('remote', { name: base });
      },
    },
    { name: 'a young backup', code: 0, options: young, prepare: (stage) => stage.addBase() },
  ];
}

function diffs(): Scenario[] {
  const command = 'create-diff';
  const orFail = ['--without-base', 'fail'];
  const baseMissing = (stage: Stage) => {
    stage.addBase();
    stage.simulator.deleteBehind('remote', base);
    stage.simulator.addBackup('remote', { name: 'OTHER_CLIENT' });
  };
  const storageDown = (stage: Stage) => {
    stage.addBase();
    stage.simulator.storageDown = true;
  };
  return [
    { name: 'a diff', code: 0, command, prepare: (stage) => stage.addBase() },
    { name: 'the first diff', code: 0, command },
    { name: 'the first diff, refused', code: 1, command, options: orFail },
    { name: 'the base is missing', code: 0, command, prepare: baseMissing },
    {
      name: 'the base is missing, refused',
      code: 1,
      command,
      options: orFail,
      prepare: baseMissing,
    },
    { name: 'the remote list is empty', code: 1, command, prepare: storageDown },
    {
      name: 'the storage comes back within a minute',
      code: 0,
      command,
      prepare(stage) {
        storageDown(stage);
        stage.harness.later(30 * second, () => (stage.simulator.storageDown = false));
      },
    },
    {
      name: 'the base is incomplete',
      code: 0,
      command,
      prepare(stage) {
        stage.addBase();
        stage.simulator.setIncomplete(base);
      },
    },
    {
      name: 'the storage lists no base after its tables could not be read',
      code: 1,
      command,
      prepare(stage) {
        stage.addBase();
        stage.harness.when('check-base', () => (stage.simulator.storageDown = true));
      },
    },
    {
      name: 'the chain is at its limit',
      code: 0,
      command,
      options: ['--max-chain', '1'],
      prepare(stage) {
        stage.addBase();
        stage.simulator.addBackup('remote', { name: 'DIFF_1', required: base });
        stage.harness.lastBackup = 'DIFF_1';
      },
    },
    {
      name: 'no file, but a complete backup',
      code: 0,
      command,
      options: ['--find-base'],
      prepare: ({ simulator }) => void simulator.addBackup('remote', { name: base }),
    },
    ...[
      { name: 'server 2.4.0', server: { version: '2.4.0' as const } },
      { name: 'server 2.8.1', server: { version: '2.8.1' as const } },
      { name: 'forbidden by the configuration', server: { uploadByPart: false } },
    ].map(({ name, server }) => ({
      name: `the base is only remote, ${name}`,
      code: 0,
      command: 'create-diff' as const,
      server,
      prepare(stage: Stage) {
        stage.addBase();
        stage.simulator.deleteBehind('local', base);
      },
    })),
  ];
}

function creates(): Scenario[] {
  const work = { create: minute };
  return [
    {
      name: 'the create fails',
      code: 1,
      prepare: ({ simulator }) => simulator.failNext('create', 'no tables for backup'),
    },
    {
      name: 'the server is restarted just after the create',
      code: 0,
      server: { workMs: work },
      prepare: (stage) => restartAfter(stage, 'create', minute + 1),
    },
    {
      name: 'the server is restarted during the create',
      code: 1,
      server: { workMs: work },
      prepare: (stage) => restartAfter(stage, 'create', second),
    },
  ];
}

function uploads(): Scenario[] {
  const endsIn = (text: string, madeAnyway = false) => ({
    prepare: ({ simulator }: Stage) => simulator.failNext('upload', text, { madeAnyway }),
  });
  return [
    {
      name: 'the upload of a file fails',
      code: 1,
      ...endsIn("one of uploadSingleBackupFile go-routine return error: can't upload"),
    },
    { name: 'the upload fails', code: 1, ...endsIn('no space left on device') },
    { name: 'only the retention fails', code: 0, ...endsIn("can't remove OLD", true) },
    {
      name: 'the upload is listed late',
      code: 0,
      prepare: ({ simulator }) => simulator.showUploadsAfterLists(4),
    },
    {
      name: 'the upload is never listed',
      code: 1,
      prepare: ({ simulator }) => simulator.breakNextUpload('missing'),
    },
    {
      name: 'the server is restarted during the upload',
      code: 0,
      server: { workMs: { upload: minute } },
      prepare: (stage) => restartAfter(stage, 'upload', second, true),
    },
  ];
}

function interruptedRuns(): Scenario[] {
  const backup = 'FULL_CH_BK_2026-11-22_09-00-00';
  const journal = (phase: 'create' | 'upload') =>
    JSON.stringify({
      kind: 'FULL',
      backup,
      base: '',
      phase,
      startedAt: '2026-11-22 09:00:00',
      lastBackup: '',
    });
  return [
    {
      name: 'the upload of the interrupted run is complete',
      code: 0,
      prepare(stage) {
        stage.leaveJournal(journal('upload'));
        stage.simulator.addBackup('remote', { name: backup });
      },
    },
    {
      name: 'the interrupted run had not requested its upload',
      code: 0,
      prepare: (stage) => stage.leaveJournal(journal('create')),
    },
    {
      name: 'the upload of the interrupted run is missing',
      code: 0,
      prepare: (stage) => stage.leaveJournal(journal('upload')),
    },
    {
      name: 'the interrupted run was recorded',
      code: 0,
      prepare(stage) {
        stage.leaveJournal(journal('upload'));
        stage.harness.lastBackup = backup;
      },
    },
    {
      name: 'the journal cannot be read',
      code: 0,
      prepare: (stage) => stage.leaveJournal('{'),
    },
  ];
}

function waits(): Scenario[] {
  const holder = '{"command":"create-full","backup":"","since":"2026-11-22 09:00:00"}';
  const busy = ({ simulator }: Stage) => simulator.busyWith('watch', 10 * minute);
  return [
    {
      name: 'another chbackup is running for a while',
      code: 0,
      prepare(stage) {
        stage.lockedBy = holder;
        stage.harness.later(minute, () => (stage.lockedBy = undefined));
      },
    },
    {
      name: 'another chbackup is running longer than --wait',
      code: 11,
      options: ['--wait', '5m'],
      prepare: (stage) => void (stage.lockedBy = holder),
    },
    { name: 'the server is busy for a while', code: 0, prepare: busy },
    {
      name: 'the server is busy longer than --wait',
      code: 11,
      options: ['--wait', '5m'],
      prepare: busy,
    },
    { name: 'the server is busy, --wait 0', code: 11, options: ['--wait', '0'], prepare: busy },
  ];
}

function failures(): Scenario[] {
  return [
    {
      name: 'the create takes longer than --timeout',
      code: 14,
      server: { workMs: { create: 60 * minute } },
      options: ['--timeout', '10m'],
    },
    {
      name: 'the upload takes longer than --timeout',
      code: 14,
      server: { workMs: { upload: 60 * minute } },
      options: ['--timeout', '10m'],
    },
    {
      name: 'the server does not answer',
      code: 13,
      prepare: ({ simulator }) => void (simulator.refuse = true),
    },
    {
      name: 'ClickHouse does not answer',
      code: 13,
      prepare: ({ simulator }) => void (simulator.hang = true),
    },
    { name: 'unauthorized', code: 12, server: { password: 'another' } },
    {
      name: 'SIGINT during the upload',
      code: 130,
      prepare: (stage) => stage.interruptAt('upload'),
    },
  ];
}

function restartAfter(stage: Stage, step: 'create' | 'upload', ms: number, resume = false): void {
  stage.harness.when(step, () =>
    stage.harness.later(ms, () => stage.simulator.restart({ rows: 'gone', work: 'stops', resume })),
  );
}
