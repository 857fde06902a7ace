import { cleanName, flagsFromArguments, shellWords } from './flags.js';
import { kill } from './killing.js';
import { type Operation, startOperation } from './operations.js';
import { startClean, startDelete } from './removing.js';
import { type Answer, failure, lines, lockedText } from './replies.js';
import { restart } from './restarting.js';
import { type Call, ConnectionCut } from './call.js';

const always = ['create', 'upload', 'download', 'restore', 'create_remote', 'restore_remote'];

/** Parses a line; if it is not an object, returns Go's error (exchange "actions: not JSON"). */
function parseCommand(line: string): { command: string } | { error: string } {
  try {
    const row: unknown = JSON.parse(line);
    const command: unknown =
      typeof row === 'object' && row !== null && 'command' in row ? row.command : '';
    return { command: typeof command === 'string' ? command : '' };
  } catch {
    const first = line.trim()[0] ?? '';
    return {
      error:
        first === '{'
          ? 'unexpected end of JSON input'
          : `invalid character '${first}' looking for beginning of value`,
    };
  }
}

/** Runs one line of `POST /backup/actions`; returns its status, or the answer for an error. */
async function run(call: Call, command: string): Promise<string | Answer> {
  const { server } = call;
  const { profile } = server;
  const words = shellWords(command);
  if (!words) return failure(400, '', 'EOF found when expecting closing quote');
  const [verb = '', ...rest] = words;
  // An empty command makes the server panic.
  if (verb === '') throw new ConnectionCut();
  const { flags, names, error } = flagsFromArguments(rest, profile);
  const asks = [...always, ...(profile.hasRebaseRoute ? ['rebase', 'rebalance'] : [])];
  if (asks.includes(verb)) {
    if (server.isLocked()) return failure(500, command, lockedText);
    const name = cleanName(names[0] ?? '');
    startOperation(server, { operation: verb as Operation, command, name, flags, error });
    return 'acknowledged';
  }
  const cleans = [
    'clean_remote_broken',
    ...(profile.hasVersionRoute ? ['clean'] : []),
    ...(profile.hasLocalBrokenRoute ? ['clean_local_broken'] : []),
  ];
  if (cleans.includes(verb)) {
    await server.finish(startClean(server, command), call.connection);
    return 'success';
  }
  if (verb === 'delete') {
    if (server.isLocked()) return failure(500, command, lockedText);
    const [where = '', name] = names;
    if (name === undefined) {
      // clickhouse-backup-api.md#nameless-row: this kills the process.
      restart(server, { rows: 'gone', work: 'stops' });
      throw new ConnectionCut();
    }
    const failed = await server.finish(
      startDelete(server, command, where, name, flags),
      call.connection,
    );
    return failed === undefined ? 'success' : failure(500, command, failed);
  }
  if (verb === 'kill') {
    const failed = kill(server, rest.length > 0 ? command.replace(/^\s*kill\s+/, '') : null);
    return failed === undefined ? 'success' : failure(500, command, failed);
  }
  if (verb === 'watch' || (verb === 'list' && profile.hasVersionRoute)) {
    if (server.isLocked()) return failure(500, command, lockedText);
    const ms = verb === 'watch' ? Infinity : server.workMs.list;
    server.start({ operation: verb, command, ms, run: () => undefined });
    return 'acknowledged';
  }
  return failure(400, command, 'unknown command');
}

/**
 * Answers `POST /backup/actions`: runs the lines up to a failing one, whose error it sends
 * (clickhouse-backup-api.md#posted-commands).
 */
export async function answerPostedActions(call: Call): Promise<Answer> {
  if (call.body === '') return failure(400, '', 'empty request');
  const answers: string[] = [];
  for (const line of call.body.split('\n')) {
    if (line === '') continue;
    const parsed = parseCommand(line);
    if ('error' in parsed) return failure(400, line, parsed.error);
    const done = await run(call, parsed.command);
    if (typeof done !== 'string') return done;
    answers.push(JSON.stringify({ status: done, operation: parsed.command }));
  }
  return lines(200, answers);
}
