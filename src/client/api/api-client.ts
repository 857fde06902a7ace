import type * as z from 'zod/mini';
import type { Backup, Location } from '../../backup/backup.js';
import type { TableName } from '../../backup/table-name.js';
import { OperationTimeoutError } from '../../errors.js';
import type {
  BackupServer,
  Capabilities,
  DeleteOutcome,
  Outcome,
  RestoreRequest,
  RunningOperation,
  Table,
  TablesOfBackup,
} from '../client.js';
import { stateOf } from '../row-state.js';
import { uploadedBytesOf } from '../uploaded-bytes.js';
import { isNotStarted, serverErrorCode } from '../server-errors.js';
import { readTablesOfBackup } from './backup-tables.js';
import { readCapabilities } from './capabilities.js';
import { slowMs } from '../limits.js';
import { deleteBackup } from './delete-operation.js';
import type { OperationRunner } from './operation.js';
import { restoreOperation } from './restore-operation.js';
import { listRow } from './schemas.js';
import { type ServerContext, waitUntilIdle } from './server-wait.js';
import { findTable, readTables } from './tables.js';
import { checkUsable } from './usable.js';

export interface ApiClientParts extends ServerContext {
  runner: OperationRunner;
  /** Lists while an operation is running, on servers where that does not release their lock. */
  listWhileBusy: boolean;
}

/** A clickhouse-backup server behind its REST API. */
export class ApiClient implements BackupServer {
  private readonly parts: ApiClientParts;
  private known: Promise<Capabilities> | undefined;

  constructor(parts: ApiClientParts) {
    this.parts = parts;
  }

  get mayHavePosted(): boolean {
    return this.parts.connection.mayHavePosted;
  }

  checkUsable(): Promise<void> {
    return checkUsable(this.parts.connection);
  }

  capabilities(): Promise<Capabilities> {
    // In all versions, a server has one lock for all operations.
    this.known ??= readCapabilities(this.parts.connection).then(
      (known) => ({ ...known, seesOthersWork: true }),
      (error: unknown) => {
        this.known = undefined;
        throw error;
      },
    );
    return this.known;
  }

  /**
   * Waits until the server runs nothing but lists, unless `listWhileBusy` is set. Up to 2.4.28, the end of
   * a list releases the server's lock (clickhouse-backup-api.md#list-lock), and while a list runs, other
   * clients cannot start operations.
   */
  async list(location: Location | 'all'): Promise<Backup[]> {
    const { connection, log } = this.parts;
    const [path, command] =
      location === 'all'
        ? ['/backup/list', 'list']
        : [`/backup/list/${location}`, `list ${location}`];
    const mayListAtOnce = this.parts.listWhileBusy && (await this.capabilities()).listIsHarmless;
    const waitForTurn = mayListAtOnce ? undefined : () => this.waitUntilIdle();
    for (let attempt = 1; ; attempt++) {
      await waitForTurn?.();
      let lost = log.beginList(command);
      const before = async () => {
        lost();
        await waitForTurn?.();
        lost = log.beginList(command);
      };
      try {
        const rows = await connection.getRows(path, slowMs, listRow, { before });
        // A row without a name is an empty list (clickhouse-backup-api.md#nameless-row).
        return rows.filter((row) => row.name !== '').map((row) => this.toBackup(row));
      } catch (error) {
        if (!(error instanceof OperationTimeoutError)) throw error;
        lost();
        await this.checkUsable();
        // A second list may be faster, because the server caches what the first one has read.
        if (attempt === 2) throw error;
      }
    }
  }

  table(name: TableName): Promise<Table | undefined> {
    return findTable(this.parts.connection, name);
  }

  tables(): Promise<Table[]> {
    return readTables(this.parts.connection);
  }

  tablesOfBackup(location: Location, name: string, limitMs: number): Promise<TablesOfBackup> {
    const request = { location, name, limitMs };
    return readTablesOfBackup(this.parts.connection, () => this.capabilities(), request);
  }

  async uploadEnd(backup: string): Promise<Outcome | undefined> {
    const rows = await this.parts.log.rowsOf(backup);
    const isUpload = (command: string) =>
      command.startsWith('upload ') && command.endsWith(` ${backup}`);
    const uploads = rows.filter(({ command }) => isUpload(command));
    const row = uploads.at(-1);
    if (row === undefined || row.status === 'in progress') return undefined;
    const outcome = this.parts.runner.outcomeOf(row);
    // After a complete upload, an automatic resume may fail before it sends anything
    // (clickhouse-backup-api.md#automatic-resume).
    const noneStarted = uploads.every(
      ({ status, error }) => status === 'error' && isNotStarted(serverErrorCode(error ?? '')),
    );
    if (outcome.kind !== 'error' || outcome.code === 'incomplete' || noneStarted) {
      return outcome;
    }
    return { kind: 'error', reason: outcome.reason };
  }

  async running(): Promise<RunningOperation[]> {
    const { connection, log } = this.parts;
    const sanitize = (text: string) => connection.responses.sanitize(text);
    const { busy } = await log.running();
    return busy.map(({ command, start }) => ({
      command: sanitize(command),
      start: sanitize(start),
    }));
  }

  waitUntilIdle(): Promise<void> {
    return waitUntilIdle(this.parts);
  }

  create(backup: string): Promise<Outcome> {
    return this.parts.runner.run({
      backup,
      path: `/backup/create?name=${encodeURIComponent(backup)}`,
      isOurs: (command) => command === `create ${backup}`,
      repeatable: false,
      byStatus: true,
    });
  }

  upload(backup: string, base?: { at: Location; name: string }): Promise<Outcome> {
    const flag = base?.at === 'remote' ? 'diff-from-remote' : 'diff-from';
    const query = base === undefined ? '' : `?${flag}=${encodeURIComponent(base.name)}`;
    const shown = base === undefined ? '' : ` --${flag}="${base.name}"`;
    return this.parts.runner.run({
      backup,
      path: `/backup/upload/${encodeURIComponent(backup)}${query}`,
      isOurs: (command) => command === `upload${shown} ${backup}`,
      repeatable: false,
      byStatus: false,
    });
  }

  download(backup: string): Promise<Outcome> {
    return this.parts.runner.run({
      backup,
      path: `/backup/download/${encodeURIComponent(backup)}`,
      isOurs: (command) => command === `download ${backup}`,
      repeatable: true,
      byStatus: false,
    });
  }

  restore(request: RestoreRequest, beforeAgain?: () => Promise<void>): Promise<Outcome> {
    return this.parts.runner.run({ ...restoreOperation(request), beforeAgain });
  }

  delete(
    location: Location,
    backup: string,
    beforeAgain?: () => Promise<void>,
  ): Promise<DeleteOutcome> {
    return deleteBackup(this.parts, location, backup, beforeAgain);
  }

  private toBackup(row: z.output<typeof listRow>): Backup {
    const { name, location } = row;
    const { size, data_size: dataBytes } = row;
    const sizeBytes = dataBytes ?? size;
    const isSplit = size !== undefined && dataBytes !== undefined;
    const uploadedBytes = uploadedBytesOf({
      location,
      description: row.desc,
      isIncrement: row.required !== '',
      allBytes: size,
      restBytes: isSplit ? size - dataBytes : undefined,
      sentBytes: row.compressed_size,
    });
    return {
      name,
      location,
      created: row.created,
      ...(sizeBytes !== undefined && { sizeBytes }),
      ...(uploadedBytes !== undefined && { uploadedBytes }),
      required: row.required || undefined,
      description: this.parts.connection.responses.sanitize(row.desc),
      state: stateOf({ name, location, description: row.desc }),
    };
  }
}
