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

/** Routes that the real server does not have either, which clients ask for all the same. */
const recordedMisses = ['GET /backup/nothing', 'GET /backup/version', 'GET /backup/create'];

/**
 * A clickhouse-backup server without sockets: its REST API, its backups, its log, and whatever a
 * test wants to go wrong (the methods of `ScriptedFaults`, and those below). Work takes time by the
 * given clock, and ends when the next request, or look at its state, comes.
 */
export class Simulator extends ScriptedFaults {
  readonly version: SimulatorVersion;
  /** Every request that arrived, in order; one that was refused did not arrive. */
  readonly requests: ArrivedRequest[] = [];
  /** Requests to routes that this version does not have, and nobody was seen asking for. */
  readonly unknownRoutes: string[] = [];
  private readonly server: SimulatedServer;

  constructor(options: SimulatorOptions) {
    super();
    this.version = options.version;
    this.server = new SimulatedServer(options, this);
  }

  /** The local backups, as they are now. */
  get local(): Map<string, SimulatedBackup> {
    this.settle();
    return this.server.local;
  }

  /** The backups on the remote storage, as they are now. */
  get remote(): Map<string, SimulatedBackup> {
    this.settle();
    return this.server.remote;
  }

  /** The rows of the action log, oldest first. */
  get actions(): readonly ActionRow[] {
    this.settle();
    return this.server.log.rows;
  }

  /** The tables of the pretend ClickHouse. */
  get tables(): Map<string, SimulatedTable> {
    this.settle();
    return this.server.tables;
  }

  /** Whether a restore from remote would bring everything back, whatever the list says. */
  isWhole(name: string): boolean {
    return isWhole(this.remote, name);
  }

  /** Answers a request; `signal` aborts when the client has gone, which stops no work. */
  async handle(request: SimulatorRequest, signal?: AbortSignal): Promise<SimulatorReply> {
    this.settle();
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

  /** Restarts the process, or makes it start anew inside (contract §3). */
  restart(how: Restart): void {
    restart(this.server, how);
  }

  /** Somebody else's operation: in progress for `ms`, then a success. */
  busyWith(command: string, ms: number): void {
    this.settle();
    this.server.start({ operation: 'other', command, ms, run: () => undefined });
  }

  /** Another client, or a person, removes a backup. */
  deleteBehind(location: Location, name: string): void {
    this[location].delete(name);
  }

  /** Another client has made a backup; by default now, of all tables, a full. */
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

  /** A folder that is not a backup lies beside the backups; or a file, on the remote storage. */
  addForeign(location: Location, name: string, plainFile?: 'refused' | 'ignored'): void {
    const file = plainFile === undefined ? {} : { plainFile };
    this.addBackup(location, { name, sizeBytes: 0, tables: new Map(), ...file });
    this.setBroken(location, name);
  }

  /** A backup has lost its metadata.json, or what `text` says. */
  setBroken(location: Location, name: string, text?: string): void {
    const backup = this[location].get(name);
    if (!backup) throw new Error(`no ${location} backup ${name}`);
    const { description, oldFormat } = this.server.profile.brokenLocal;
    if (location === 'local' && oldFormat && text === undefined) backup.oldFormat = true;
    else backup.broken = text ?? (location === 'remote' ? brokenRemoteText : description);
  }

  /** That Replicated table looks busy before an attach; `log only`: just to 2.4.0 (contract §7, §11). */
  replicaBusy(name: string, how: 'replicating' | 'log only' = 'replicating'): void {
    this.server.busyReplicas.set(name, how);
  }

  /** A table is dropped and filled anew: parts of the same names, other rows (contract §5). */
  refillTable(name: string, rows: number): void {
    const old = this.tables.get(name);
    this.tables.set(name, { ...old, ...table(old?.engine, rows, (old?.generation ?? 0) + 1) });
  }

  /** Rows are inserted into, or (negative) deleted from, a table. */
  insertRows(name: string, rows: number): void {
    const old = this.tables.get(name);
    const now = table(old?.engine, (old?.rows ?? 0) + rows, old?.generation);
    this.tables.set(name, { ...old, ...now });
  }

  settle(): void {
    this.server.settle();
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

  /** Basic, or `?user=&pass=` instead of it (contract §1). */
  private isAuthorized(request: SimulatorRequest, query: URLSearchParams): boolean {
    const basic = /^Basic (.*)$/i.exec(request.headers['authorization'] ?? '')?.[1] ?? '';
    const [user = '', password = ''] = Buffer.from(basic, 'base64').toString().split(/:(.*)/s);
    return (
      (query.get('user') ?? user) === this.server.username &&
      (query.get('pass') ?? password) === this.server.password
    );
  }
}
