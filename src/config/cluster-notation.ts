import { ConfigError } from '../errors.js';

/** A part of a host as typed: text, or braces that stand for several texts. */
export interface Piece {
  kind: 'text' | 'shards' | 'replicas';
  count: number;
  /** The length of the longest text. */
  longest: number;
  /** Returns the texts, in order; there may be very many. */
  expand: () => string[];
}

/** The text between two separators outside of braces: one host, or several if it has braces. */
export interface HostPattern {
  /** The index of its first character. */
  at: number;
  pieces: readonly Piece[];
}

/** The text between two commas outside of braces: one shard, or several if it has braces. */
export interface ShardPattern {
  /** The text between two pipes outside of braces, in order. */
  hosts: readonly HostPattern[];
}

const example = 'as in ch-{1..3}{a|b}';
const quote = 'put the host in quotes: the shell has split or expanded it';

/** Returns an error that points at a place, but never repeats the text: it may be a password. */
export function invalidAt(index: number, problem: string, hint: string): ConfigError {
  return new ConfigError(`the host list is not valid at character ${index + 1}: ${problem}`, {
    hint,
  });
}

/**
 * Parses the notation of ClickHouse's `remote()` without expanding it. Throws `ConfigError` for a text
 * that `remote()` refuses, and for one that it reads in an unexpected way: it drops empty parts,
 * forgets the braces of `{a,b|c}`, combines each side of `a{1,2}|b{1,2}` with each of the other, and
 * drops the zeros of `{001..12}`. Braces inside braces, which it supports only in part, are refused too.
 */
export function readNotation(text: string): ShardPattern[] {
  const space = text.search(/\s/);
  if (space !== -1) {
    throw invalidAt(space, 'a space is not allowed', `write the list without spaces, ${example}`);
  }
  const shards: ShardPattern[] = [];
  let hosts: HostPattern[] = [];
  let pieces: Piece[] = [];
  let start = 0;
  const endHost = (end: number): void => {
    if (pieces.length === 0) throw emptyPart(end);
    hosts.push({ at: start, pieces });
    pieces = [];
    start = end + 1;
  };
  for (const { 0: token, index } of text.matchAll(/\{[^{}]*\}|[{},|]|[^{},|]+/g)) {
    if (token === ',' || token === '|') endHost(index);
    if (token === ',') {
      shards.push({ hosts });
      hosts = [];
    } else if (token === '{') {
      throw misplacedBrace(text, index);
    } else if (token === '}') {
      throw invalidAt(index, 'this brace was not opened', quote);
    } else if (token.startsWith('{')) {
      pieces.push(readBraces(token.slice(1, -1), index));
    } else if (token !== '|') {
      pieces.push(textPiece(token));
    }
  }
  endHost(text.length);
  shards.push({ hosts });
  for (const shard of shards) refuseShardsBesidePipe(shard);
  return shards;
}

export function textPiece(text: string): Piece {
  return { kind: 'text', count: 1, longest: text.length, expand: () => [text] };
}

/** Returns the error for an opening brace before another one or without a closing brace. */
function misplacedBrace(text: string, index: number): ConfigError {
  let depth = 0;
  for (const { 0: brace } of text.slice(index).matchAll(/[{}]/g)) {
    depth += brace === '{' ? 1 : -1;
    if (depth === 0) {
      return invalidAt(
        text.indexOf('{', index + 1),
        'braces inside braces are not supported',
        'write the parts one after the other, as in eu-{1,2},us-{1..3}',
      );
    }
  }
  return invalidAt(index, 'this brace is not closed', quote);
}

function emptyPart(index: number): ConfigError {
  return invalidAt(index, 'a host is missing', 'remove the extra comma or pipe, or add the host');
}

/** Parses what is between the braces; `at` is the index of the opening brace. */
function readBraces(content: string, at: number): Piece {
  const separators = new Set(content.match(/[,|]/g));
  if (content.includes('..')) {
    if (separators.size === 0) return readRange(content, at);
    throw invalidAt(
      at,
      'these braces contain both a range and a list',
      'write the range and the list one after the other, as in ch-{1..3},ch-{5,7}',
    );
  }
  const [separator, other] = separators;
  if (separator === undefined) {
    const problem = 'these braces contain neither a list nor a range';
    throw invalidAt(at, problem, `write a list or a range in braces, ${example}`);
  }
  if (other !== undefined) {
    throw invalidAt(
      at,
      'these braces contain both commas and pipes',
      `use commas between shards, pipes between the replicas of one shard, and braces for each, ${example}`,
    );
  }
  const values = content.split(separator);
  let index = at + 1;
  for (const value of values) {
    if (value === '') throw emptyPart(index);
    index += value.length + 1;
  }
  return {
    kind: separator === ',' ? 'shards' : 'replicas',
    count: values.length,
    longest: values.reduce((longest, { length }) => Math.max(longest, length), 0),
    expand: () => values,
  };
}

/** Parses a range such as `1..3`, which separates shards; `at` is the index of the opening brace. */
function readRange(content: string, at: number): Piece {
  const [, first, last] = /^(\d{1,15})\.\.(\d{1,15})$/.exec(content) ?? [];
  if (first === undefined || last === undefined) {
    throw invalidAt(at, 'this range is not valid', 'write two numbers, as in {1..3} or {01..12}');
  }
  const [from, to] = [Number(first), Number(last)];
  if (from > to) {
    throw invalidAt(at, 'this range is descending', 'write the smaller number first');
  }
  const hasZeros = [first, last].some((number) => /^0\d/.test(number));
  if (hasZeros && first.length !== last.length) {
    throw invalidAt(
      at,
      'the numbers of this range have leading zeros, but not the same length',
      'write both numbers with the same number of digits, as in {01..12}',
    );
  }
  const count = to - from + 1;
  if (count === 1) return textPiece(last);
  const width = hasZeros ? first.length : 0;
  return {
    kind: 'shards',
    count,
    longest: last.length,
    expand: () => Array.from({ length: count }, (_, n) => String(from + n).padStart(width, '0')),
  };
}

/** Refuses `ch-{1..3}a|ch-{1..3}b`, which `remote()` reads as nine shards. */
function refuseShardsBesidePipe({ hosts }: ShardPattern): void {
  const [, second] = hosts;
  if (second === undefined) return;
  if (hosts.some(({ pieces }) => pieces.some(({ kind }) => kind === 'shards'))) {
    throw invalidAt(
      second.at - 1,
      'braces for shards cannot be combined with a pipe outside of braces',
      `put the pipe in braces, ${example}`,
    );
  }
}
