import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import type { ClickHouse } from './clickhouse.js';
import { freePort } from './free-port.js';
import type { FtpStorage } from './ftp-storage.js';
import { type BackupProgram, isAtLeast } from './programs.js';
import { randomPassword } from './random-password.js';
import { ServerProcess } from './server-process.js';

export interface ActionRow {
  command: string;
  status: string;
  error?: string;
}

export interface ListRow {
  name: string;
  location: 'local' | 'remote';
  required: string;
  desc: string;
}

/** What the API servers of a cluster share, or not. */
export interface ApiOptions {
  /** The folder on the storage. */
  storagePath?: string;
  password?: string;
}

/** A clickhouse-backup API server; it can be killed and started again with the same data. */
export class BackupApi {
  readonly user = 'api-user';
  readonly password: string;
  readonly port: number;
  /** The path of the clickhouse-backup program. */
  readonly path: string;
  private readonly program: BackupProgram;
  private readonly folder: string;
  private process: ServerProcess | undefined;

  private constructor(program: BackupProgram, folder: string, port: number, password: string) {
    this.password = password;
    this.program = program;
    this.path = program.path;
    this.folder = folder;
    this.port = port;
  }

  static async start(
    program: BackupProgram,
    folder: string,
    clickhouse: ClickHouse,
    storage: FtpStorage,
    { storagePath = '/shard1', password = randomPassword() }: ApiOptions = {},
  ): Promise<BackupApi> {
    const api = new BackupApi(program, folder, await freePort(), password);
    mkdirSync(path.join(folder, 'tmp'), { recursive: true });
    writeFileSync(api.configFile, stringify(api.configuration(clickhouse, storage, storagePath)));
    await api.start();
    return api;
  }

  /** Starts the server; with `resumes`, it uploads again what it has uploaded before. */
  async start({ resumes = false } = {}): Promise<void> {
    const process = new ServerProcess(
      [this.program.path, 'server'],
      path.join(this.folder, 'output'),
      { ...this.environment, API_COMPLETE_RESUMABLE_AFTER_RESTART: `${resumes}` },
    );
    this.process = process;
    await process.waitUntil(async () => (await this.get('/health')) !== '');
  }

  /** Kills the server at once, as a power failure does. */
  async kill(): Promise<void> {
    await this.process?.kill();
  }

  async list(location: 'local' | 'remote'): Promise<ListRow[]> {
    return parseRows(await this.get(`/backup/list/${location}`));
  }

  /** Returns the base of each remote backup, empty for a full; broken backups are left out. */
  async remoteBases(): Promise<Record<string, string>> {
    const rows = await this.list('remote');
    const ok = rows.filter(({ desc }) => desc === 'tar, regular');
    return Object.fromEntries(ok.map(({ name, required }) => [name, required]));
  }

  async actions(): Promise<ActionRow[]> {
    return parseRows(await this.get('/backup/actions'));
  }

  /** Waits until an action that begins with `command` is in progress. */
  async waitForAction(command: string): Promise<void> {
    const deadline = Date.now() + 30_000;
    for (;;) {
      const rows = await this.actions();
      const row = rows.findLast((action) => action.command.startsWith(command));
      if (row?.status === 'in progress') return;
      if (Date.now() > deadline) {
        throw new Error(`${command} is not in progress: ${JSON.stringify(rows)}`);
      }
      await sleep(20);
    }
  }

  /** Runs a clickhouse-backup command on the server, such as `restore_remote NAME`, to its end. */
  async act(command: string): Promise<void> {
    await this.request('POST', '/backup/actions', JSON.stringify({ command }));
    await this.waitForSuccess(command);
  }

  /** Waits until a command that was started has succeeded; throws if it fails. */
  async waitForSuccess(command: string): Promise<void> {
    for (;;) {
      const row = (await this.actions()).findLast((action) => action.command === command);
      if (row?.status === 'success') return;
      if (row?.status !== 'in progress') throw new Error(`${command}: ${row?.error}`);
      await sleep(50);
    }
  }

  /** Changes settings of `general`; the server reads its configuration at each request. */
  configure(general: Record<string, unknown>): void {
    const before = parse(readFileSync(this.configFile, 'utf8')) as { general: object };
    const changed = { ...before, general: { ...before.general, ...general } };
    writeFileSync(this.configFile, stringify(changed));
  }

  deleteLocal(backup: string): Promise<string> {
    return this.request('POST', `/backup/delete/local/${backup}`);
  }

  /** True if `diff-from-remote` compares the parts' checksums, and not only their names. */
  get comparesChecksums(): boolean {
    return this.isAtLeast(2, 7, 0);
  }

  /**
   * True if `restore` can rename a table. Servers have the option since 2.5.20, but up to 2.6.39
   * they look for the old name and fail: `'db.t' is not created`.
   */
  get mapsTables(): boolean {
    return this.isAtLeast(2, 6, 40);
  }

  /** True if the server shows whether the tables of a remote backup are complete. */
  get showsTables(): boolean {
    return this.isAtLeast(2, 7, 0);
  }

  /** True if an upload that is resumed after a restart is complete, although the remote copy was deleted. */
  get resumesCompletely(): boolean {
    return this.isAtLeast(2, 8, 1);
  }

  output(): string {
    return this.process?.output() ?? '';
  }

  private isAtLeast(...wanted: number[]): boolean {
    return isAtLeast(this.program, ...wanted);
  }

  private get(route: string): Promise<string> {
    return this.request('GET', route);
  }

  private async request(method: string, route: string, body?: string): Promise<string> {
    const credentials = Buffer.from(`${this.user}:${this.password}`).toString('base64');
    const response = await fetch(`http://127.0.0.1:${this.port}${route}`, {
      method,
      headers: { authorization: `Basic ${credentials}` },
      ...(body !== undefined && { body }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${route}: ${text}`);
    return text;
  }

  /** The environment of the program, both as server and on the command line. */
  get environment(): Record<string, string> {
    return { CLICKHOUSE_BACKUP_CONFIG: this.configFile, TMPDIR: path.join(this.folder, 'tmp') };
  }

  private get configFile(): string {
    return path.join(this.folder, 'config.yml');
  }

  /** Returns a configuration with the shipped retention, and without resuming uploads. */
  private configuration(clickhouse: ClickHouse, storage: FtpStorage, storagePath: string): unknown {
    return {
      general: {
        remote_storage: 'ftp',
        backups_to_keep_local: 6,
        backups_to_keep_remote: 336,
        upload_concurrency: 1,
        download_concurrency: 1,
        disable_progress_bar: true,
      },
      clickhouse: { host: '127.0.0.1', port: clickhouse.port, skip_tables: ['system.*'] },
      api: {
        listen: `127.0.0.1:${this.port}`,
        username: this.user,
        password: this.password,
        create_integration_tables: false,
        complete_resumable_after_restart: false,
      },
      ftp: {
        address: `127.0.0.1:${storage.port}`,
        username: storage.user,
        password: storage.password,
        path: storagePath,
        compression_format: 'tar',
        concurrency: 1,
        timeout: '20s',
      },
    };
  }
}

function parseRows<Row>(text: string): Row[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Row);
}
