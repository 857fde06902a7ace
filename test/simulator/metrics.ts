import { type Answer, plainText } from './replies.js';
import type { SimulatedServer } from './server.js';

interface Counts {
  successful: number;
  failed: number;
  startMs: number;
  finishMs: number;
  status: 0 | 1 | 2;
}

const operations = [
  ...['create', 'create_remote', 'delete', 'download', 'restore', 'restore_remote', 'upload'],
] as const;

/** The metrics of `GET /metrics`( exchange "metrics"). */
export class Metrics {
  private readonly server: SimulatedServer;
  private readonly counts = new Map<string, Counts>();

  constructor(server: SimulatedServer) {
    this.server = server;
    const newer = server.profile.hasRebaseRoute ? ['rebase', 'rebalance'] : [];
    for (const operation of [...operations, ...newer]) {
      this.counts.set(operation, { successful: 0, failed: 0, startMs: 0, finishMs: 0, status: 2 });
    }
  }

  count(operation: string, startMs: number, finishMs: number, error: string | undefined): void {
    const counts = this.counts.get(operation);
    // Deletes over HTTP count only from 2.7.1 on.
    if (!counts || (operation === 'delete' && !this.server.profile.deleteCounts)) return;
    if (error === undefined) counts.successful++;
    else counts.failed++;
    Object.assign(counts, { startMs, finishMs, status: error === undefined ? 1 : 0 });
  }

  answer(): Answer {
    const { server } = this;
    const values: Record<string, number> = {
      last_backup_size_local: [...server.local.values()].at(-1)?.sizeBytes ?? 0,
      last_backup_size_remote: [...server.remote.values()].at(-1)?.sizeBytes ?? 0,
      number_backups_local: server.local.size,
      number_backups_local_expected: server.keepLocal,
      number_backups_remote: server.remote.size,
      number_backups_remote_expected: server.keepRemote,
    };
    if (server.profile.inProgressMetrics) {
      const running = server.log.rows.filter((row) => row.status === 'in progress');
      Object.assign(values, { in_progress_commands: running.length, local_data_size: 0 });
    }
    if (server.profile.hasRebaseRoute) values['failed_parts_count'] = 0;
    for (const [operation, counts] of this.counts) {
      values[`failed_${operation}s`] = counts.failed;
      values[`successful_${operation}s`] = counts.successful;
      values[`last_${operation}_start`] = Math.floor(counts.startMs / 1000);
      values[`last_${operation}_finish`] = Math.floor(counts.finishMs / 1000);
      values[`last_${operation}_duration`] = (counts.finishMs - counts.startMs) * 1e6;
      values[`last_${operation}_status`] = counts.status;
    }
    const rows = Object.entries(values).map(([key, value]) => `clickhouse_backup_${key} ${value}`);
    const answer = plainText(server.profile.metricsContentType, `${rows.sort().join('\n')}\n`);
    delete answer.headers['cache-control'];
    return answer;
  }
}
