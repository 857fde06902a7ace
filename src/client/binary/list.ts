import type { Backup, Location } from '../../backup/backup.js';
import { ResponseError } from '../../errors.js';
import { presentable } from '../../text.js';
import { slowMs } from '../limits.js';
import { rowsOfJson, rowsOfText } from './list-rows.js';
import { lastWords, logEntries } from './program-log.js';
import { failureOf, type Ended, type Program, runProgram } from './run-program.js';

/** Returns the backups at one or both locations. Throws `ResponseError` for an unreliable list. */
export async function listBackups(
  program: Program,
  location: Location | 'all',
  asJson: boolean,
): Promise<Backup[]> {
  const args = ['list', location, ...(asJson ? ['--format', 'json'] : [])];
  const ended = await runProgram(program, { args, limitMs: slowMs, changes: false });
  if (ended.exitCode !== 0) throw failureOf(ended);
  if (!ended.stdout.whole) throw unusable(ended, 'the list is too long');
  const { text } = ended.stdout;
  const rows = asJson ? rowsOfJson(text) : rowsOfText(text);
  if (rows === undefined) throw unusable(ended, wordsInsteadOfList(ended));
  const problem = listingProblem(ended, rows, location);
  if (problem !== undefined) throw unusable(ended, problem);
  return rows;
}

/**
 * Returns why a list cannot be relied on although the exit code is 0; undefined if it can. All versions
 * only log that they could not walk through the remote storage, and list some of the backups
 * (clickhouse-backup-api.md#missing-rows); 2.6.32 to 2.8.0 list none if they cannot reach it
 * (clickhouse-backup-api.md#program-list-json). Other errors count only if the list is empty: one
 * beside rows may be about a single backup, whose row shows it.
 */
function listingProblem(
  ended: Ended,
  rows: Backup[],
  location: Location | 'all',
): string | undefined {
  const log = [...logEntries(ended.stdout.text), ...logEntries(ended.stderr.text)];
  const errors = log.filter(({ level }) => level === 'error' || level === 'fatal');
  const walk = log.find(({ text }) => /bd\.Walk return error/.test(text));
  // The first upload creates the storage's folder; until then, SFTP reports that it does not exist.
  if (walk !== undefined && !/file does not exist|no such file/i.test(walk.text)) return walk.text;
  const wanted: Location[] = location === 'all' ? ['local', 'remote'] : [location];
  const isEmpty = wanted.some((each) => !rows.some((row) => row.location === each));
  return isEmpty ? errors.at(-1)?.text : undefined;
}

function wordsInsteadOfList(ended: Ended): string {
  if (ended.stdout.text.trim() !== '') {
    return `the output is not a list: ${presentable(ended.stdout.text.slice(0, 200))}`;
  }
  return lastWords(ended.stderr.text) || 'it printed nothing, not even an empty list';
}

function unusable(ended: Ended, problem: string): ResponseError {
  return new ResponseError(
    `clickhouse-backup ${ended.command} returned no usable list: ${problem}`,
  );
}
