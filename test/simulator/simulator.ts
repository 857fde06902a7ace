import type { ActionRow } from './actions-log.js';
import { type SimulatedTable, table } from './clickhouse-tables.js';
import { snapshot } from './creating.js';
import { type AnswerFault, ScriptedFaults } from './faults.js';
import {
  type Answer,
  type SimulatorReply,
  type SimulatorRequest,
  failure,
  tooManyRequests,
  unauthorized,
} from './replies.js';
import { type Restart, restart } from './restarting.js';
import { ConnectionCut } from './call.js';
import { findRoute } from './routes.js';
import { SimulatedServer, type SimulatorOptions } from './server.js';
import { type Location, type SimulatedBackup, brokenRemoteText, isWhole } from './storage.js';
import type { SimulatorVersion } from './versions.js';

export type { ServerClock, SimulatorOptions } from './server.js';
export type { SimulatorReply, SimulatorRequest } from './replies.js';
export type { SimulatedBackup } from './storage.js';
export type { SimulatorVersion } from './versions.js';

/** A request that arrived; one that was not answered has no status. */
export interface ArrivedRequest {
  method: string;
  path: string;
  atMs: number;
  authorization?: string;
  status?: number;
}

/** Unknown routes that were requested in the recordings too. */
const recordedMisses = ['GET /backup/nothing', 'GET /backup/version', 'GET /backup/create'];

/**
 * A clickhouse-backup server without sockets: its REST API, its backups, its log, and the faults
 * that a test scripts (the methods of `ScriptedFaults`, and those below). Work takes time on the
 * given clock, and is ended lazily, at the next request or access to the state.
 */
export class Simulator extends ScriptedFaults {
  readonly version: SimulatorVersion;
  /** Every request that arrived, in order; one that was refused did not arrive. */
  readonly requests: ArrivedRequest[] = [];
  /** Requests to unknown routes, except those of the recordings. */
  readonly unknownRoutes: string[] = [];
  private readonly server: SimulatedServer;

  constructor(options: SimulatorOptions) {
    super();
    this.version = options.version;
    this.server = new SimulatedServer(options, this);
  }

  /** The local backups, as they are now. */
  get local(): Map<string, SimulatedBackup> {
    this.finishDueWork();
    return this.server.local;
  }

  /** The backups on the remote storage, as they are now. */
  get remote(): Map<string, SimulatedBackup> {
    this.finishDueWork();
    return this.server.remote;
  }

  /** The rows of the action log, oldest first. */
  get actions(): readonly ActionRow[] {
    this.finishDueWork();
    return this.server.log.rows;
  }

  /** The tables of the simulated ClickHouse. */
  get tables(): Map<string, SimulatedTable> {
    this.finishDueWork();
    return this.server.tables;
  }

  /** True if a restore from the remote storage would restore everything. */
  isWhole(name: string): boolean {
    return isWhole(this.remote, name);
  }

  /** Answers a request; `signal` aborts when the client disconnects, which does not stop work. */
  async handle(request: SimulatorRequest, signal?: AbortSignal): Promise<SimulatorReply> {
    this.finishDueWork();
    if (this.isRefusing()) return { dropped: true, refused: true };
    const { method, path } = request;
    const arrived: ArrivedRequest = { method, path, atMs: this.now() };
    const authorization = request.headers['authorization'];
    if (authorization !== undefined) arrived.authorization = authorization;
    this.requests.push(arrived);
    if (this.isOverRateLimit()) {
      arrived.status = tooManyRequests.status;
      return tooManyRequests;
    }
    const ends = [this.server.process.signal, ...(signal ? [signal] : [])];
    const connection = AbortSignal.any(ends);
    try {
      const reply = await this.withFault(request, this.takeAnswerFault(request), connection);
      if (connection.aborted) return { dropped: true };
      if ('status' in reply) arrived.status = reply.status;
      return reply;
    } catch (error) {
      if (connection.aborted || error instanceof ConnectionCut) return { dropped: true };
      throw error;
    }
  }

  /** Restarts the process, or only the server inside it (clickhouse-backup-api.md#restarts). */
  restart(how: Restart): void {
    restart(this.server, how);
  }

  /** Runs another client's operation, which succeeds after `ms`. */
  busyWith(command: string, ms: number): void {
    this.finishDueWork();
    this.server.start({ operation: 'other', command, ms, run: () => undefined });
  }

  /** Removes a backup as another client would. */
  deleteBehind(location: Location, name: string): void {
    this[location].delete(name);
  }

  /** Adds another client's backup: by default a full of all tables, created now. */
  addBackup(
    location: Location,
    backup: Partial<SimulatedBackup> & { name: string },
  ): SimulatedBackup {
    const now = this.now();
    const added = {
      ...snapshot(this.server, backup.name, now),
      ...(location === 'remote' ? { uploadedMs: now } : {}),
      ...backup,
    };
    this[location].set(added.name, added);
    return added;
  }

  /** Adds a folder (or, on the remote storage, a file) that is not a backup. */
  addForeign(location: Location, name: string, plainFile?: 'refused' | 'ignored'): void {
    const file = plainFile === undefined ? {} : { plainFile };
    this.addBackup(location, { name, sizeBytes: 0, tables: new Map(), ...file });
    this.setBroken(location, name);
  }

  /** Marks a backup as broken: without metadata.json, or with `text` as its description. */
  setBroken(location: Location, name: string, text?: string): void {
    const backup = this[location].get(name);
    if (!backup) throw new Error(`no ${location} backup ${name}`);
    const { description, oldFormat } = this.server.profile.brokenLocal;
    if (location === 'local' && oldFormat && text === undefined) backup.oldFormat = true;
    else backup.broken = text ?? (location === 'remote' ? brokenRemoteText : description);
  }

  /**
   * Makes a remote backup incomplete: the metadata and data of all its tables, or of those given,
   * are missing (clickhouse-backup-api.md#incomplete-backups). Its row in lists does not change;
   * with `moves`, its position does, as if this server had seen its deletion and uploaded it again.
   */
  setIncomplete(
    name: string,
    { tables, moves = false }: { tables?: readonly string[]; moves?: boolean } = {},
  ): void {
    const backup = this.remote.get(name);
    if (!backup) throw new Error(`no remote backup ${name}`);
    if (tables) backup.incompleteTables = tables;
    else backup.incomplete = true;
    if (!moves) return;
    backup.uploadedMs = this.now();
    this.server.metadataCache.delete(name);
  }

  /**
   * Makes a Replicated table look busy before an attach; `log only`: to 2.4.0 only
   * (clickhouse-backup-api.md#replica-check).
   */
  replicaBusy(name: string, how: 'replicating' | 'log only' = 'replicating'): void {
    this.server.busyReplicas.set(name, how);
  }

  /**
   * Drops and refills a table: its parts have the same names, but other rows
   * (clickhouse-backup-api.md#remote-bases).
   */
  refillTable(name: string, rows: number): void {
    const old = this.tables.get(name);
    this.tables.set(name, { ...old, ...table(old?.engine, rows, (old?.generation ?? 0) + 1) });
  }

  /** Inserts rows into a table, or deletes them if the number is negative. */
  insertRows(name: string, rows: number): void {
    const old = this.tables.get(name);
    const now = table(old?.engine, (old?.rows ?? 0) + rows, old?.generation);
    this.tables.set(name, { ...old, ...now });
  }

  finishDueWork(): void {
    this.server.finishDueWork();
  }

  protected now(): number {
    return this.server.clock.now();
  }

  private async withFault(
    request: SimulatorRequest,
    fault: AnswerFault | undefined,
    connection: AbortSignal,
  ): Promise<SimulatorReply> {
    if (fault?.kind === 'canned') return fault.answer;
    const isDone = fault === undefined || fault.kind === 'late' || fault.done;
    const answer = isDone ? await this.answer(request, connection) : undefined;
    if (fault?.kind === 'late') await this.server.clock.sleep(fault.ms, connection);
    if (fault?.kind === 'never') await this.server.clock.sleep(Infinity, connection);
    return !answer || fault?.kind === 'lost' ? { dropped: true } : answer;
  }

  private async answer(request: SimulatorRequest, connection: AbortSignal): Promise<Answer> {
    const { method } = request;
    const [rawPath = '', rawQuery = ''] = request.path.split(/\?(.*)/s);
    let path = rawPath;
    try {
      path = decodeURIComponent(rawPath);
    } catch {
      return failure(400, '', '400 Bad Request');
    }
    const route = findRoute(this.server.profile, method, path);
    if (typeof route === 'string') {
      if (!recordedMisses.includes(`${method} ${path}`)) {
        this.unknownRoutes.push(`${method} ${request.path}`);
      }
      return route === 'unknown'
        ? failure(404, path, `${method} ${request.path} 404 Not Found`)
        : failure(405, path, `405 Method ${method} Not Allowed`);
    }
    const query = new URLSearchParams(rawQuery);
    if (!this.isAuthorized(request, query)) return unauthorized;
    const { parameters } = route;
    return route.answer({ server: this.server, query, parameters, body: request.body, connection });
  }

  /**
   * Accepts Basic authentication, or `?user=&pass=` instead (clickhouse-backup-api.md#credentials).
   */
  private isAuthorized(request: SimulatorRequest, query: URLSearchParams): boolean {
    const basic = /^Basic (.*)$/i.exec(request.headers['authorization'] ?? '')?.[1] ?? '';
    const [user = '', password = ''] = Buffer.from(basic, 'base64').toString().split(/:(.*)/s);
    return (
      (query.get('user') ?? user) === this.server.username &&
      (query.get('pass') ?? password) === this.server.password
    );
  }
}
