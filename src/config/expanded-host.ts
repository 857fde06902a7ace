import { ConfigError } from '../errors.js';
import { parseCluster } from './cluster.js';

/** The part of two arguments that differs, beside digits: one letter. */
const oneLetter = /^[a-z0-9]$/i;
/** The part of three arguments that differs. */
const shortRun = /^[a-z0-9]{1,3}$/i;

/**
 * Returns true if the arguments look as if the shell had expanded the braces of an unquoted host:
 * `ch-{1..3}` becomes host `ch-1`, user `ch-2` and password `ch-3`. They are all valid hosts and differ
 * only in numbers or in one short run of letters and digits. A user and a password may follow, so that
 * only the first arguments have to be alike. An unquoted `a|b` cannot be recognized: the shell starts
 * the command `b`.
 */
export function looksExpanded(
  host: string | undefined,
  user: string | undefined,
  password: string | undefined,
): boolean {
  if (host === undefined || user === undefined) return false;
  if (areAlike([host, user], oneLetter)) return true;
  return password !== undefined && areAlike([host, user, password], shortRun);
}

/**
 * Returns true if more arguments than a command has look like such hosts, perhaps with user and password.
 * Two of them may differ in more than one letter: nothing else explains so many arguments better.
 */
export function tooManyLookExpanded([host, user, password]: readonly string[]): boolean {
  if (host === undefined || user === undefined) return false;
  return looksExpanded(host, user, password) || areAlike([host, user], shortRun);
}

function areAlike(texts: readonly string[], run: RegExp): boolean {
  if (new Set(texts).size < texts.length || !texts.every(isValid)) return false;
  const shapes = new Set(texts.map((text) => text.replaceAll(/\d+/g, '0')));
  return shapes.size === 1 || differInRun(texts, run);
}

/** Returns true if the texts have at least two characters in common around a run that differs. */
function differInRun(texts: readonly string[], run: RegExp): boolean {
  const shortest = Math.min(...texts.map(({ length }) => length));
  const start = countCommon(texts, shortest, (text, index) => text[index]);
  const end = countCommon(texts, shortest - start, (text, index) => text.at(-1 - index));
  return start + end >= 2 && texts.every((text) => run.test(text.slice(start, text.length - end)));
}

function countCommon(
  texts: readonly string[],
  most: number,
  characterOf: (text: string, index: number) => string | undefined,
): number {
  let count = 0;
  while (count < most && new Set(texts.map((text) => characterOf(text, count))).size === 1) {
    count += 1;
  }
  return count;
}

function isValid(text: string): boolean {
  try {
    parseCluster(text);
    return true;
  } catch (error) {
    if (error instanceof ConfigError) return false;
    throw error;
  }
}
