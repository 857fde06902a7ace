import type { Status } from '../../src/state/status.js';
import type { SimulatedBackup } from '../simulator/simulator.js';
import type { ListEntry } from './list-oracle.js';
import type { ScenarioHost } from './scenario-host.js';
import type { RunStep } from './script.js';
import { secret, user } from './secret.js';
import type { RemoteState } from './remote-state.js';
import type { TableRead } from './table-reads.js';

/** A list that a run received, and the actual state of the storage around that time. */
export interface SeenList {
  where: 'all' | 'local' | 'remote';
  atMs: number;
  /** When the answer came, by the programs' clock. */
  wallMs: number;
  entries: ListEntry[];
  remoteStates: RemoteState[];
}

export interface SentRequest {
  method: string;
  path: string;
  atMs: number;
  answeredMs: number;
  /** undefined: the request was not answered. */
  status?: number;
  body?: string;
}

/** What one program did, as observed from outside. */
export interface RunRecord {
  id: number;
  host: ScenarioHost;
  step: RunStep;
  startMs: number;
  /** The same by the programs' clock, which faults may set. */
  startWallMs: number;
  /** Its requests, writes and locks, in order, as `POST /backup/create`. */
  effects: readonly string[];
  sent: SentRequest[];
  lists: SeenList[];
  /** The tables in the last answer about tables. */
  tablesSeen: { name: string; engine: string; bytes: number }[];
  /** Its reads of the tables of remote backups, in order. */
  tableReads: TableRead[];
  /** The contents of its last-backup file each time it was read, by a create since it has the lock. */
  basesRead: string[];
  /** The contents of any last-backup file that it read. */
  lastBackupsRead: Set<string>;
  /** The name that it asked the server to create. */
  created?: string;
  /** The number of lists it had received before the create. */
  listsBeforeCreate: number;
  /** The actual state of the storage when it created the backup. */
  stateAtCreate?: RemoteState;
  createMs?: number;
  createWallMs?: number;
  /** The base that it last requested for its upload; empty for a full upload. */
  base?: string;
  /** The names it wrote to its last-backup file. */
  recorded: string[];
  /** It held its host's lock. */
  gotLock: boolean;
  /** The status file as it last wrote it. */
  statusWritten?: Status;
  removedLastBackups: boolean;
  journalRemoved: boolean;
  /** Requests that may have been carried out: this run must not send them again. */
  maybeDone: Set<string>;
  /** Requests that were carried out although the run received only a refusal. */
  doneButRefused: Set<string>;
  /** Like `doneButRefused`, but kept when the server restarts and loses its log. */
  everDoneButRefused: Set<string>;
  /** Backups whose own files are incomplete, according to an error that the run received. */
  incomplete: Set<string>;
  /** The same if the last upload shown was the one that failed, also one that the server resumed. */
  endedIncomplete: Set<string>;
  /** Backups whose upload sent nothing, according to an answer that the run received. */
  notStarted: Set<string>;
  /** Backups with an upload in the log that may have sent something. */
  started: Set<string>;
  /** When the run received a signal. */
  signalledMs?: number;
  /** The copies that it asked to delete. */
  deleting: (SimulatedBackup | undefined)[];
  killed: boolean;
  diskFailed: boolean;
  /** Its status file could not be written, which must change nothing else. */
  statusRefused: boolean;
  lockRefused: boolean;
}

export function newRecord(
  id: number,
  host: ScenarioHost,
  step: RunStep,
  { startMs, startWallMs }: Pick<RunRecord, 'startMs' | 'startWallMs'>,
): RunRecord {
  return {
    id,
    host,
    step,
    startMs,
    startWallMs,
    effects: [],
    sent: [],
    lists: [],
    tablesSeen: [],
    tableReads: [],
    basesRead: [],
    lastBackupsRead: new Set(),
    listsBeforeCreate: 0,
    recorded: [],
    gotLock: false,
    removedLastBackups: false,
    journalRemoved: false,
    maybeDone: new Set(),
    doneButRefused: new Set(),
    everDoneButRefused: new Set(),
    incomplete: new Set(),
    endedIncomplete: new Set(),
    notStarted: new Set(),
    started: new Set(),
    deleting: [],
    killed: false,
    diskFailed: false,
    statusRefused: false,
    lockRefused: false,
  };
}

/** Returns the arguments of the command line. */
export function argumentsOf({ host, step }: RunRecord): string[] {
  const words = step.command.split(' ');
  const own = words[0] === 'restore-table' ? 3 : 1;
  const connection = [host.name, user, step.password === 'right' ? secret : `not ${secret}`];
  const options = ['--wait', step.wait, '--timeout', step.timeout];
  return [...words.slice(0, own), ...connection, ...words.slice(own), ...options];
}
