import type { ActionRow } from './actions-log.js';
import { type Answer, json } from './replies.js';
import type { Call } from './call.js';
import type { SimulatedServer } from './server.js';

function findRow(server: SimulatedServer, command: string | null): ActionRow | undefined {
  const running = server.log.rows.filter((row) => row.status === 'in progress');
  if (command === null || command === '') {
    return server.profile.killNeedsCommand ? undefined : running[0];
  }
  return running.find((row) => row.command === command);
}

/** Cancels a row; below 2.7.0 the work itself continues. */
export function kill(server: SimulatedServer, command: string | null): string | undefined {
  if (server.log.rows.length === 0) return 'empty command list';
  const row = findRow(server, command);
  if (!row) return `command \`${command ?? ''}\` not found`;
  server.log.cancel(row, server.clock.now(), 'canceled from API /backup/kill');
  if (server.profile.killStopsWork) server.stop((job) => job.row === row);
  return undefined;
}

/** Answers `/backup/kill`, the only route whose errors have a JSON content type. */
export function answerKill({ server, query }: Call): Answer {
  const command = query.get('command');
  const error = kill(server, command);
  if (error !== undefined) return json(500, { status: 'error', operation: 'kill', error });
  return json(200, { status: 'success', operation: 'kill', command: command ?? '' });
}
