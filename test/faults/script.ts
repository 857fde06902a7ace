import type { UploadFlaw } from '../simulator/faults.js';
import type { SimulatorVersion } from '../simulator/simulator.js';

/** What happens to one request of a program, on its way there or back. */
export type RequestFault =
  | { kind: 'refused' }
  | { kind: 'connect hangs' }
  | { kind: 'lost'; done: boolean }
  | { kind: 'late'; ms: number }
  | { kind: 'never'; done: boolean }
  /** A proxy's page in place of the answer. */
  | { kind: 'proxy'; status: number; done: boolean }
  /** A proxy's page with a status that says that it did not pass the request on. */
  | { kind: 'proxy refuses'; status: 421 | 425 | 429; retryAfter?: string | undefined }
  /** 200, but only a part of the answer, or another site's; `lines`: some are missing. */
  | { kind: 'garbage'; what: 'half' | 'lines' | 'html' | 'binary' }
  /** The server's own error. */
  | { kind: 'error'; text: string }
  /** Something on the way sends it twice, and gives back one of the answers. */
  | { kind: 'twice'; answer: 'first' | 'second' };

/** What goes wrong with a server, its storage, or by the hand of another client of it. */
export type HostFault =
  | { kind: 'restart'; rows: 'gone' | 'cancel'; work: 'stops' | 'goes on'; resume: boolean }
  | { kind: 'refuse'; ms: number }
  /** A proxy answers three of ten requests with 429. */
  | { kind: 'rate limit'; ms: number }
  | { kind: 'storage down'; ms: number }
  | { kind: 'storage full'; ms: number }
  /** ClickHouse accepts connections and is silent, or refuses them. */
  | { kind: 'hang'; ms: number }
  | { kind: 'clickhouse down'; ms: number }
  /** The storage is silent, ClickHouse is well. */
  | { kind: 'lists hang'; ms: number }
  | { kind: 'uploads show late'; lists: number }
  | { kind: 'rows show late'; ms: number }
  | { kind: 'fail'; operation: FailingOperation; text: string; made: boolean; half: boolean }
  | { kind: 'flaw'; flaw: UploadFlaw }
  | { kind: 'busy'; ms: number }
  | { kind: 'other deletes'; location: 'local' | 'remote'; pick: number }
  | { kind: 'other breaks'; location: 'local' | 'remote'; pick: number }
  | { kind: 'other adds'; location: 'local' | 'remote'; half: boolean }
  | { kind: 'other uploads'; pick: number }
  /** Something that is not a backup is put beside the backups. */
  | { kind: 'foreign entry'; location: 'local' | 'remote'; file: boolean }
  | { kind: 'other takes our names' }
  | { kind: 'other backs up' }
  | { kind: 'other lists' }
  | { kind: 'other cleans' }
  | { kind: 'other kills' }
  | { kind: 'table refilled' }
  /** Somebody empties a table, or replaces it by one with another engine, and rows. */
  | { kind: 'table emptied'; table: string }
  | { kind: 'table replaced'; table: string; engine: string };

export type FailingOperation = 'create' | 'upload' | 'delete' | 'restore';

/** What goes wrong with the machine that the programs run on; files are those of the host. */
export type MachineFault =
  | { kind: 'clock set'; ms: number }
  | { kind: 'disk full'; ms: number; what: 'appends' | 'all' }
  | { kind: 'no locks'; ms: number }
  | { kind: 'last-backup file lost' }
  | { kind: 'last-backup file says'; text: string }
  | { kind: 'journal says'; text: string };

export type Fault = HostFault | MachineFault;

export type Command =
  | 'create-full'
  | 'create-diff'
  | 'create-diff --without-base fail'
  | 'list'
  | `delete-${'remote' | 'local'} --${'all' | 'keep 1' | 'keep 2' | 'broken' | 'older-than 1h'} --yes`
  | 'delete-remote --keep 1 --dry-run --yes'
  | 'restore-table latest shop.orders --append'
  | 'restore-table latest shop.orders --schema --yes'
  | `restore-table latest shop.${'lines' | 'mv'} --schema --yes`
  | 'restore-table latest shop.lines --schema --drop-unsaved-rows --yes'
  | 'restore-table latest shop.mv';

/** Something that befalls a run right before its n-th request. */
export interface Trouble {
  request: number;
  what: RequestFault | { kind: 'fault'; fault: Fault };
}

export interface RunStep {
  do: 'run';
  host: number;
  command: Command;
  wait: string;
  timeout: string;
  password: 'right' | 'wrong';
  /** Whether the script goes on while it runs. */
  background: boolean;
  /** Killed right after its n-th effect (request, write, lock); 0: not. */
  killAfter: number;
  /** The signal that comes so long after its start; -1: none. */
  signalAfterMs: number;
  troubles: Trouble[];
}

/** A run as it is when nothing befalls it. */
export function runStep(command: Command, rest: Partial<RunStep> = {}): RunStep {
  return {
    do: 'run',
    host: 0,
    command,
    wait: '6h',
    timeout: '24h',
    password: 'right',
    background: false,
    killAfter: 0,
    signalAfterMs: -1,
    troubles: [],
    ...rest,
  };
}

export type Step =
  | RunStep
  | { do: 'fault'; host: number; fault: Fault }
  | { do: 'pass'; ms: number };

export interface HostSetup {
  version: SimulatorVersion;
  keepLocal: number;
  keepRemote: number;
  createMs: number;
  uploadMs: number;
  listMs: number;
  /** false: its configuration forbids diff-from-remote. */
  uploadByPart: boolean;
  /** Something that is not a backup lies beside its backups, at both locations. */
  foreign: boolean;
  /** What it has been backing up every hour until now, oldest first. */
  prior: readonly ('FULL' | 'DIFF')[];
}

/** All that a schedule is; what happens follows from it, the same each time. */
export interface Script {
  hosts: HostSetup[];
  /** All hosts upload to one path. */
  sharedStorage: boolean;
  steps: Step[];
}

/** A script as a person reads it: a line each, what is as usual left out. */
export function describeScript({ hosts, sharedStorage, steps }: Script): string {
  const lines = hosts.map((host, at) => `host h${at}: ${JSON.stringify(host)}`);
  if (sharedStorage) lines.push('all hosts upload to one path');
  return [...lines, ...steps.map((step, at) => `${at + 1}. ${describeStep(step)}`)].join('\n');
}

function describeStep(step: Step): string {
  if (step.do === 'pass') return `${step.ms / 1000} s pass`;
  if (step.do === 'fault') return `h${step.host}: ${JSON.stringify(step.fault)}`;
  const { host, command, wait, timeout, password, background, killAfter, signalAfterMs } = step;
  const notes = [
    ...(password === 'wrong' ? ['with a wrong password'] : []),
    ...(background ? ['in the background'] : []),
    ...(killAfter > 0 ? [`killed after effect ${killAfter}`] : []),
    ...(signalAfterMs >= 0 ? [`SIGTERM after ${signalAfterMs} ms`] : []),
    ...step.troubles.map(({ request, what }) => `at request ${request}: ${JSON.stringify(what)}`),
  ];
  return [`h${host}: ${command} --wait ${wait} --timeout ${timeout}`, ...notes].join('\n     ');
}
