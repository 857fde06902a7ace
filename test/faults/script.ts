import type { TableReadFailure, UploadFlaw } from '../simulator/faults.js';
import type { SimulatorVersion } from '../simulator/simulator.js';

/** A fault of one request, on its way to the server or back. */
export type RequestFault =
  | { kind: 'refused' }
  | { kind: 'connect hangs' }
  | { kind: 'lost'; done: boolean }
  | { kind: 'late'; ms: number }
  | { kind: 'never'; done: boolean }
  /** A proxy's page replaces the answer. */
  | { kind: 'proxy'; status: number; done: boolean }
  /** A proxy's page whose status says that the request was not passed on. */
  | { kind: 'proxy refuses'; status: 421 | 425 | 429; retryAfter?: string | undefined }
  /** The answer is corrupted; `half`: its end is missing, `lines`: some lines are missing. */
  | { kind: 'garbage'; what: 'half' | 'lines' | 'html' | 'binary' }
  /** The server's own error. */
  | { kind: 'error'; text: string }
  /** The network sends the request twice, and returns one of the answers. */
  | { kind: 'twice'; answer: 'first' | 'second' };

/** A fault of a server or its storage, or an action of another client. */
export type HostFault =
  | { kind: 'restart'; rows: 'gone' | 'cancel'; work: 'stops' | 'goes on'; resume: boolean }
  | { kind: 'refuse'; ms: number }
  /** A proxy answers three of ten requests with 429. */
  | { kind: 'rate limit'; ms: number }
  | { kind: 'storage down'; ms: number }
  | { kind: 'storage full'; ms: number }
  /** ClickHouse accepts connections but does not answer (`hang`), or refuses them. */
  | { kind: 'hang'; ms: number }
  | { kind: 'clickhouse down'; ms: number }
  /** The storage does not answer, ClickHouse does. */
  | { kind: 'lists hang'; ms: number }
  /** A remote backup is incomplete: without all, or one, of its tables. */
  | { kind: 'incomplete'; pick: number; of: 'all tables' | 'one table'; moves: boolean }
  /** Another client deletes an upload of ours; the process starts again and resumes it. */
  | { kind: 'other deletes, upload resumed'; pick: number }
  /** Reads of the tables of a remote backup fail, although lists work; `count` 0: for `ms`. */
  | { kind: 'table reads fail'; how: TableReadFailure; count: number; ms: number }
  | { kind: 'uploads listed late'; lists: number }
  | { kind: 'log entries late'; ms: number }
  | {
      kind: 'fail';
      operation: FailingOperation;
      text: string;
      madeAnyway: boolean;
      leavesBroken: boolean;
    }
  | { kind: 'flaw'; flaw: UploadFlaw }
  | { kind: 'busy'; ms: number }
  | { kind: 'other deletes'; location: 'local' | 'remote'; pick: number }
  | { kind: 'other breaks'; location: 'local' | 'remote'; pick: number }
  | { kind: 'other adds'; location: 'local' | 'remote'; broken: boolean }
  | { kind: 'other uploads'; pick: number }
  /** Something that is not a backup appears beside the backups. */
  | { kind: 'foreign entry'; location: 'local' | 'remote'; file: boolean }
  | { kind: 'other uses our names' }
  | { kind: 'other backs up' }
  | { kind: 'other lists' }
  | { kind: 'other cleans' }
  | { kind: 'other kills' }
  | { kind: 'table refilled' }
  /** Another client empties a table, or replaces it by one with another engine and other rows. */
  | { kind: 'table emptied'; table: string }
  | { kind: 'table replaced'; table: string; engine: string }
  | { kind: 'table dropped'; table: string };

export type FailingOperation = 'create' | 'upload' | 'delete' | 'restore';

/** A fault of the machine that the programs run on; the files are those of the host. */
export type MachineFault =
  | { kind: 'clock set'; ms: number }
  | { kind: 'disk full'; ms: number; what: 'appends' | 'all' }
  | { kind: 'no locks'; ms: number }
  /** The log directory is emptied, unless a program is running. */
  | { kind: 'log directory emptied' }
  | { kind: 'last-backup file lost' }
  | { kind: 'last-backup file overwritten'; text: string }
  | { kind: 'journal overwritten'; text: string }
  | { kind: 'status file lost' }
  | { kind: 'status file overwritten'; text: string }
  /** Only the status file cannot be written. */
  | { kind: 'status file refused'; ms: number };

export type Fault = HostFault | MachineFault;

export type Command =
  | `create-full${string}`
  | `create-diff${string}`
  | 'list'
  | `delete-${'remote' | 'local'} --${'all' | 'keep 1' | 'keep 2' | 'broken' | 'older-than 1h'} --yes`
  | 'delete-remote --keep 1 --dry-run --yes'
  | 'restore-table latest shop.orders --append'
  | 'restore-table latest shop.orders --schema --yes'
  | `restore-table latest shop.${'lines' | 'mv'} --schema --yes`
  | 'restore-table latest shop.lines --schema --drop-unsaved-rows --yes'
  | 'restore-table latest shop.mv';

/** A fault that happens right before the n-th request of a run, or to that request. */
export interface Trouble {
  request: number;
  /** Count only the reads of the tables of remote backups. */
  among?: 'table reads' | undefined;
  /** A fault that is not one of the request happens this much later. */
  afterMs?: number | undefined;
  what: RequestFault | { kind: 'fault'; fault: Fault };
}

export interface RunStep {
  do: 'run';
  host: number;
  command: Command;
  wait: string;
  timeout: string;
  password: 'right' | 'wrong';
  /** Whether the script continues while the command runs. */
  background: boolean;
  /** The effect (request, write or lock) after which the run is killed; 0: never. */
  killAfter: number;
  /** How long after its start the run receives SIGTERM; -1: never. */
  signalAfterMs: number;
  troubles: Trouble[];
  /** The program runs without the files of earlier runs, as in a new container. */
  stateless: boolean;
}

/** Returns a run without faults. */
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
    stateless: false,
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
  /** How long the server takes to read the metadata of one table of a remote backup. */
  tableReadMs: number;
  /** false: the server's configuration forbids diff-from-remote. */
  uploadByPart: boolean;
  /** Whether something that is not a backup is beside the backups, at both locations. */
  foreign: boolean;
  /** The backups that were created every hour until now, oldest first. */
  earlierBackups: readonly ('FULL' | 'DIFF')[];
}

/** A complete description of a schedule; running it twice gives the same result. */
export interface Script {
  hosts: HostSetup[];
  /** All hosts upload to one path. */
  sharedStorage: boolean;
  steps: Step[];
}

/** Describes a script for people: one line per step, without the defaults. */
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
    ...(step.stateless ? ['in an empty log directory'] : []),
    ...(password === 'wrong' ? ['with a wrong password'] : []),
    ...(background ? ['in the background'] : []),
    ...(killAfter > 0 ? [`killed after effect ${killAfter}`] : []),
    ...(signalAfterMs >= 0 ? [`SIGTERM after ${signalAfterMs} ms`] : []),
    ...step.troubles.map(({ request, among, afterMs = 0, what }) => {
      const at = `${among === undefined ? 'request' : 'table read'} ${request}`;
      return `at ${at}${afterMs > 0 ? ` + ${afterMs} ms` : ''}: ${JSON.stringify(what)}`;
    }),
  ];
  return [`h${host}: ${command} --wait ${wait} --timeout ${timeout}`, ...notes].join('\n     ');
}
