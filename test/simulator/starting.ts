import { cleanName, flagsFromQuery, rowCommand } from './flags.js';
import { type Operation, startOperation } from './operations.js';
import { type Answer, failure, json, lockedText } from './replies.js';
import { restart } from './restarting.js';
import { parseMapping } from './restoring.js';
import { startClean, startDelete } from './removing.js';
import type { Call } from './call.js';

const locked = (operation: string) => failure(423, operation, lockedText);

/** Returns the name of a backup that is created without one. */
function defaultName(call: Call): string {
  const { server } = call;
  const offset = server.profile.createdZone === 'UTC' ? 0 : server.utcOffsetMinutes;
  const at = new Date(server.clock.now() + offset * 60_000).toISOString();
  return at.slice(0, 19).replaceAll(':', '-');
}

/**
 * Answers an asynchronous call, which is acknowledged at once (clickhouse-backup-api.md#answers).
 */
export function answerStart(operation: Operation): (call: Call) => Answer {
  return (call) => {
    const { server, query } = call;
    if (server.isLocked()) return locked(operation);
    const isCreate = operation === 'create' || operation === 'create_remote';
    const given = isCreate ? query.get('name') : (call.parameters[0] ?? '');
    const name =
      given === null ? defaultName(call) : operation === 'download' ? given : cleanName(given);
    const flags = flagsFromQuery(query, server.profile);
    if (!parseMapping(flags.databaseMapping)) {
      const error = `invalid values in restore_database_mapping ${flags.databaseMapping}`;
      return failure(500, operation, error);
    }
    const shown = given === null ? '' : name;
    const operationId = server.newOperationId();
    const command =
      operation === 'create' ||
      operation === 'upload' ||
      operation === 'download' ||
      operation === 'restore'
        ? rowCommand(operation, query, shown, server.profile)
        : [operation, shown].filter(Boolean).join(' ');
    startOperation(server, { operation, command, name, flags, operationId });
    const diff =
      operation === 'upload'
        ? { backup_from: flags.diffFrom || undefined, diff: flags.diffFrom !== '' }
        : {};
    return json(isCreate ? 201 : 200, {
      status: 'acknowledged',
      operation,
      backup_name: name,
      ...diff,
      operation_id: operationId,
    });
  };
}

/**
 * Answers `POST /backup/delete/{where}/{name}` when it is done
 * (clickhouse-backup-api.md#delete-calls).
 */
export async function answerDelete(call: Call): Promise<Answer> {
  const { server } = call;
  const [where = '', name = ''] = call.parameters;
  if (server.isLocked()) return locked('delete');
  const flags = flagsFromQuery(call.query, server.profile);
  const force = flags.force && server.profile.deleteOfRequired === 'refused';
  const command = `delete ${where} ${name}${force ? ' --force' : ''}`;
  const error = await server.finish(
    startDelete(server, command, where, name, { force }),
    call.connection,
  );
  if (error !== undefined) return failure(500, 'delete', error);
  return json(200, { status: 'success', operation: 'delete', backup_name: name, location: where });
}

export function answerClean(command: string): (call: Call) => Promise<Answer> {
  return async ({ server, connection }) => {
    await server.finish(startClean(server, command), connection);
    return json(200, { status: 'success', operation: command });
  };
}

/** Answers `/backup/watch`, whose row never ends. */
export function answerWatch({ server }: Call): Answer {
  if (server.isLocked()) return locked('watch');
  server.start({ operation: 'watch', command: 'watch', ms: Infinity, run: () => undefined });
  return json(201, { status: 'acknowledged', operation: 'watch' });
}

/**
 * Answers `/restart`, which cancels running work if the version can
 * (clickhouse-backup-api.md#restarts).
 */
export function answerRestart({ server }: Call): Answer {
  restart(server, { rows: 'cancel', work: server.profile.killStopsWork ? 'stops' : 'goes on' });
  return json(201, { status: 'acknowledged', operation: 'restart' });
}
