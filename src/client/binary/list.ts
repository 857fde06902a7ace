import type { Backup, Location } from '../../backup/backup.js';
import { ResponseError } from '../../errors.js';
import { presentable } from '../../text.js';
import { slowMs } from '../limits.js';
import { rowsOfJson, rowsOfText } from './list-rows.js';
import { lastWords, logEntries } from './program-log.js';
import { failureOf, type Ended, type Program, runProgram } from './run-program.js';

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
 * Exit code 0 is no proof. Every version only logs that it could not walk through the remote
 * storage and goes on with what it has (contract §5), and 2.6.32 to 2.8.0 list nothing when they
 * cannot reach it (§8). An error beside an empty list is believed, one beside rows is not: it
 * may be about one backup, whose row says so.
 */
function listingProblem(
  ended: Ended,
  rows: Backup[],
  location: Location | 'all',
): string | undefined {
  const log = [...logEntries(ended.stdout.text), ...logEntries(ended.stderr.text)];
  const errors = log.filter(({ level }) => level === 'error' || level === 'fatal');
  const walk = log.find(({ text }) => /bd\.Walk return error/.test(text));
  // A storage's folder is made by the first upload; until then SFTP says it is not there.
  if (walk !== undefined && !/file does not exist|no such file/i.test(walk.text)) return walk.text;
  const wanted: Location[] = location === 'all' ? ['local', 'remote'] : [location];
  const isEmpty = wanted.some((each) => !rows.some((row) => row.location === each));
  return isEmpty ? errors.at(-1)?.text : undefined;
}

function wordsInsteadOfList(ended: Ended): string {
  if (ended.stdout.text.trim() !== '') {
    return `this is no list: ${presentable(ended.stdout.text.slice(0, 200))}`;
  }
  return lastWords(ended.stderr.text) || 'nothing, not even an empty list';
}

function unusable(ended: Ended, problem: string): ResponseError {
  return new ResponseError(
    `clickhouse-backup ${ended.command} gave no list to rely on: ${problem}`,
  );
}
