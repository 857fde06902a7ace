import { type CheckStatus, type Verdict, verdictOf } from '../../backup/check-result.js';
import { exitCodes } from '../../errors.js';
import { type CheckedShard, verdictOfAll, worstFirst } from './checked-shard.js';

/** The exit codes of a Nagios plugin. */
export const nagiosCodes = { ok: 0, warning: 1, critical: 2, unknown: 3 } as const;

/** Exit codes that say that nothing was found out: busy, or stopped by a signal. */
const unknownCodes: ReadonlySet<number> = new Set([
  exitCodes.busy,
  exitCodes.interrupted,
  exitCodes.terminated,
]);

type NagiosStatus = keyof typeof nagiosCodes;

export function nagiosCode(shards: readonly CheckedShard[]): number {
  return nagiosCodes[nagiosStatus(shards)];
}

/**
 * Returns the line of a Nagios plugin: the status, the worst shard first, and performance data. A pipe
 * begins the performance data, so there is none in the text.
 */
export function nagiosLine(
  shards: readonly CheckedShard[],
  { maxAgeMs }: { maxAgeMs: number },
): string {
  const status = nagiosStatus(shards).toUpperCase();
  const verdict = verdictOfAll(shards);
  const text =
    verdict === 'ok'
      ? goodText(shards)
      : worstFirst(shards)
          .filter(({ result }) => verdictOf(result.checks) !== 'ok')
          .map(({ label, result }) => `${label}: ${problemsOf(result.checks)}`)
          .join('; ');
  return `${lineOf(status, text)}|${performanceOf(shards, maxAgeMs)}`;
}

/** Returns the line for an error because of which nothing was checked. */
export function nagiosErrorLine(message: string): string {
  return lineOf('UNKNOWN', message);
}

function lineOf(status: string, text: string): string {
  return `CHBACKUP ${status} - ${text.replaceAll('|', '/')}`;
}

function nagiosStatus(shards: readonly CheckedShard[]): NagiosStatus {
  const verdict = verdictOfAll(shards);
  if (verdict !== 'critical') return verdict;
  const critical = shards.filter(({ result }) => verdictOf(result.checks) === 'critical');
  const isUnknown = critical.every(({ result }) => unknownCodes.has(result.exitCode));
  return isUnknown ? 'unknown' : 'critical';
}

function goodText(shards: readonly CheckedShard[]): string {
  const [first] = shards;
  const newest = first?.result.checks.find(({ name }) => name === 'newest')?.text ?? '';
  return shards.length === 1
    ? `${first?.label}: ${newest}`
    : `all ${shards.length} shards are good`;
}

/** Returns the texts of the checks that are not good, the critical ones first. */
function problemsOf(checks: CheckedShard['result']['checks']): string {
  const of = (wanted: CheckStatus) => checks.filter(({ status }) => status === wanted);
  return [...of('critical'), ...of('warning')].map(({ text }) => text).join('; ');
}

/** Of a cluster, the age is that of the shard with the oldest newest backup; `U` if one is unknown. */
function performanceOf(shards: readonly CheckedShard[], maxAgeMs: number): string {
  const ages = shards.map(({ result }) => result.ageSeconds);
  const isKnown = ages.every((age) => age !== undefined);
  const age = isKnown ? `${Math.max(...ages)}s` : 'U';
  const count = (wanted: Verdict) =>
    shards.filter(({ result }) => verdictOf(result.checks) === wanted).length;
  const [first] = shards;
  const own =
    shards.length === 1
      ? [`chain=${first?.result.chain ?? 'U'}`, `size=${bytesOf(first?.result.dataBytes)}`]
      : [`shards=${shards.length}`, `critical=${count('critical')}`, `warning=${count('warning')}`];
  return [`age=${age};;${Math.floor(maxAgeMs / 1000)}`, ...own].join(' ');
}

function bytesOf(bytes: number | undefined): string {
  return bytes === undefined ? 'U' : `${bytes}B`;
}
