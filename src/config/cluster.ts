import { ConfigError } from '../errors.js';
import {
  type HostPattern,
  invalidAt,
  type Piece,
  readNotation,
  type ShardPattern,
  textPiece,
} from './cluster-notation.js';
import { type Host, parseHost } from './host.js';

/** The replicas of one shard, any of which can back it up. */
export interface Shard {
  /** The shard as typed, with its braces expanded: `ch-1a|ch-1b`. */
  label: string;
  /** At least one, the preferred one first. */
  replicas: readonly Host[];
}

/** The limit of ClickHouse's own `remote()`. */
const mostShards = 1000;
const mostReplicas = 32;
/** The length of any valid host is less: 253 for its name and the rest for scheme and port. */
const longestHost = 300;
/** The limit of Linux for one argument, in characters. */
const longestText = 131_072;

const splitHint = 'split the list and run chbackup once for each part';

/** Returns true if the text may stand for several hosts. */
export function isClusterNotation(text: string): boolean {
  return /[,|{}]/.test(text);
}

/**
 * Parses a host, or several hosts in the notation of ClickHouse's `remote()`: `,`, `{a,b}` and `{1..3}`
 * separate shards; `|` and `{a|b}` separate the replicas of one shard. Throws `ConfigError`, which
 * never repeats the text, if it is not valid.
 */
export function parseCluster(text: string): Shard[] {
  // The braces and commas of a password must not hide that the text contains credentials.
  if (!/[,|{}]/.test(text) || text.includes('@')) {
    return [{ label: text, replicas: [parseHost(text)] }];
  }
  if (text.length > longestText) {
    throw new ConfigError(`the host list is longer than ${longestText} characters`, {
      hint: splitHint,
    });
  }
  const patterns = readNotation(text);
  checkSize(patterns);
  const shards: Shard[] = [];
  // The number of the shard that contains a host, by the host's name in files.
  const seen = new Map<string, number>();
  for (const pattern of patterns) {
    for (const hosts of expand(pattern)) {
      const number = shards.length + 1;
      const replicas = hosts.map(({ at, label }) => {
        const host = parseHostAt(at, label);
        const key = host.fileName.toLowerCase();
        refuseDuplicate(at, number, seen.get(key));
        seen.set(key, number);
        return host;
      });
      shards.push({ label: replicas.map(({ label }) => label).join('|'), replicas });
    }
  }
  return shards;
}

/** Refuses a text that would become too large, before it is expanded. */
function checkSize(patterns: readonly ShardPattern[]): void {
  let shards = 0;
  for (const { hosts } of patterns) {
    const start = hosts[0]?.at ?? 0;
    shards += Math.max(...hosts.map((host) => countOf(host, 'shards')));
    if (shards > mostShards) {
      throw invalidAt(start, `the list has more than ${mostShards} shards`, splitHint);
    }
    let replicas = 0;
    for (const host of hosts) {
      replicas += countOf(host, 'replicas');
      if (replicas > mostReplicas) {
        throw invalidAt(
          host.at,
          `a shard has more than ${mostReplicas} replicas`,
          'separate shards by commas, and only the replicas of one shard by pipes',
        );
      }
      if (host.pieces.reduce((length, { longest }) => length + longest, 0) > longestHost) {
        throw invalidAt(host.at, 'a host is too long', 'separate the hosts by commas or pipes');
      }
    }
  }
}

function countOf({ pieces }: HostPattern, kind: Piece['kind']): number {
  return pieces.reduce((product, piece) => product * (piece.kind === kind ? piece.count : 1), 1);
}

/** Returns the hosts of each shard. */
function expand({ hosts }: ShardPattern): { at: number; label: string }[][] {
  const shards = hosts.map(({ at, pieces }) =>
    expandShards(pieces).map((ofShard) => expandTexts(ofShard).map((label) => ({ at, label }))),
  );
  // Several hosts belong to one shard: the notation has no braces for shards beside a pipe.
  return shards.length === 1 ? shards.flat() : [shards.flat(2)];
}

/** Returns the pieces of each shard, with text for the braces that separate shards. */
function expandShards(pieces: readonly Piece[]): Piece[][] {
  return pieces.reduce<Piece[][]>(
    (rows, piece) => {
      const choices = piece.kind === 'shards' ? piece.expand().map(textPiece) : [piece];
      return rows.flatMap((row) => choices.map((choice) => append(row, choice)));
    },
    [[]],
  );
}

/** Returns the pieces with one more; text after text becomes one piece. */
function append(pieces: readonly Piece[], piece: Piece): Piece[] {
  const last = pieces.at(-1);
  if (last?.kind !== 'text' || piece.kind !== 'text') return [...pieces, piece];
  return [...pieces.slice(0, -1), textPiece([last, piece].flatMap((one) => one.expand()).join(''))];
}

/** Returns all texts of the pieces; the last piece varies fastest. */
function expandTexts(pieces: readonly Piece[]): string[] {
  return pieces.reduce<string[]>(
    (starts, piece) => starts.flatMap((start) => piece.expand().map((text) => start + text)),
    [''],
  );
}

/** Parses one host of the list; `at` is the index where it begins. */
function parseHostAt(at: number, text: string): Host {
  try {
    return parseHost(text);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw invalidAt(at, error.message, error.hint ?? '');
  }
}

function refuseDuplicate(at: number, shard: number, other: number | undefined): void {
  if (other === undefined) return;
  throw invalidAt(
    at,
    other === shard
      ? `shard ${shard} contains the same host twice`
      : `shard ${shard} contains a host of shard ${other}`,
    'list each host once; case, scheme, port 7171 and whether a name has _ or - make no difference',
  );
}
