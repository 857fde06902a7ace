import type { SimulatedBackup } from '../simulator/simulator.js';
import type { Row } from './list-oracle.js';
import type { SceneHost } from './scene-host.js';
import type { RunStep } from './script.js';
import { secret, user } from './secret.js';
import type { Truth } from './truth.js';

/** A list that a run was given, and what was really there around that time. */
export interface SeenList {
  where: 'all' | 'local' | 'remote';
  atMs: number;
  /** By the programs' clock, when its answer came. */
  wallMs: number;
  rows: Row[];
  truths: Truth[];
}

export interface SentRequest {
  method: string;
  path: string;
  atMs: number;
  answeredMs: number;
  /** undefined: no answer came back. */
  status?: number;
  body?: string;
}

/** What one program did, as seen from outside. */
export interface RunRecord {
  id: number;
  host: SceneHost;
  step: RunStep;
  startMs: number;
  /** Its requests, writes and locks, in order: `POST /backup/create`, `replace .h0_run.json`. */
  effects: readonly string[];
  sent: SentRequest[];
  lists: SeenList[];
  /** What the last answer about a table said. */
  tablesSeen: { name: string; engine: string; bytes: number }[];
  /** What it read in its last-backup file, in turn. */
  basesRead: string[];
  /** What it read in any last-backup file. */
  lastBackupsRead: Set<string>;
  /** The name that it asked the server to create. */
  created?: string;
  /** How many lists it had seen by then. */
  listsBeforeCreate: number;
  /** What it wrote into its last-backup file. */
  recorded: string[];
  removedLastBackups: boolean;
  journalRemoved: boolean;
  /** Requests that may have been carried out: this run must not send them again. */
  maybeDone: Set<string>;
  /** Requests that were carried out, though the run heard no more than a refusal. */
  doneUnheard: Set<string>;
  /** The same, also after a restart made the server forget it. */
  onceUnheard: Set<string>;
  /** Names whose upload ended with their own files incomplete, as it was told. */
  incomplete: Set<string>;
  /** Names whose upload ended before anything was sent, as it was told. */
  notStarted: Set<string>;
  /** Names of which it saw an upload that may have sent something. */
  started: Set<string>;
  /** When the signal came, while it ran. */
  signalledMs?: number;
  /** The copies that it asked to delete. */
  deleting: (SimulatedBackup | undefined)[];
  killed: boolean;
  diskFailed: boolean;
  lockRefused: boolean;
}

export function newRecord(id: number, host: SceneHost, step: RunStep, startMs: number): RunRecord {
  return {
    id,
    host,
    step,
    startMs,
    effects: [],
    sent: [],
    lists: [],
    tablesSeen: [],
    basesRead: [],
    lastBackupsRead: new Set(),
    listsBeforeCreate: 0,
    recorded: [],
    removedLastBackups: false,
    journalRemoved: false,
    maybeDone: new Set(),
    doneUnheard: new Set(),
    onceUnheard: new Set(),
    incomplete: new Set(),
    notStarted: new Set(),
    started: new Set(),
    deleting: [],
    killed: false,
    diskFailed: false,
    lockRefused: false,
  };
}

/** The command line as it would be typed. */
export function argumentsOf({ host, step }: RunRecord): string[] {
  const words = step.command.split(' ');
  const own = words[0] === 'restore-table' ? 3 : 1;
  const connection = [host.name, user, step.password === 'right' ? secret : `not ${secret}`];
  const options = ['--wait', step.wait, '--timeout', step.timeout];
  return [...words.slice(0, own), ...connection, ...words.slice(own), ...options];
}
