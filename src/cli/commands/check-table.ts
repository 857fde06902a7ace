import {
  type Check,
  type CheckStatus,
  type Verdict,
  verdictOf,
} from '../../backup/check-result.js';
import { plural, shortList } from '../../text.js';
import type { Execution } from '../execution.js';
import type { Cell, Color, Part } from '../ui/output.js';
import { layOut } from '../ui/tables.js';
import { type CheckedShard, verdictOfAll } from './checked-shard.js';

const colors: Record<CheckStatus, Color> = {
  ok: 'green',
  warning: 'yellow',
  critical: 'red',
  skipped: 'gray',
};

/**
 * Shows what the notation means, a line per check, and the verdict. With `--quiet`, only what is not good.
 * In a cluster, the checks of a good shard are folded into one line, except with `--verbose`.
 */
export function showChecks(
  shards: readonly CheckedShard[],
  { output, settings }: Pick<Execution, 'output' | 'settings'>,
): void {
  const { quiet, verbose } = settings;
  const verdict = verdictOfAll(shards);
  if (quiet && verdict === 'ok') return;
  if (!quiet) {
    if (shards.length > 1) output.resultLine([`${plural(shards.length, 'shard')}:`]);
    for (const shard of shards) output.resultLine(meaningOf(shard, settings.logDir));
  }
  for (const { label, result } of shards) {
    const { checks } = result;
    const ofShard = verdictOf(checks);
    if (quiet && ofShard === 'ok') continue;
    const isFolded = shards.length > 1 && ofShard === 'ok' && !verbose;
    if (shards.length > 1) output.resultLine(headingOf(label, checks, ofShard, isFolded));
    if (isFolded) continue;
    const shown = checks.filter(({ status }) => {
      return !quiet || status === 'warning' || status === 'critical';
    });
    output.resultTable(shown.map(toCells), (cells) =>
      layOut(cells, { width: output.stdoutColumns, nameColumn: 0, overflow: 'below' }),
    );
  }
  output.resultLine(verdictLine(shards, verdict));
}

/** Returns what the notation means: the replicas of a shard, and the files that are used. */
function meaningOf({ label, replicas, files, hasFiles }: CheckedShard, logDir: string): Part[] {
  const count = replicas.length > 1 ? `${replicas.length} replicas` : 'one replica';
  const names = replicas.length > 1 ? ` (${replicas.join(', ')})` : '';
  const some = hasFiles ? 'files' : 'no files';
  const used = files === undefined ? '' : `, ${some} of ${files} in ${logDir}`;
  const meaning = replicas.length === 0 ? '' : `: ${count}${names}${used}`;
  return [{ text: `${label}${meaning}`, color: 'gray' }];
}

function headingOf(
  label: string,
  checks: readonly Check[],
  verdict: Verdict,
  isFolded: boolean,
): Part[] {
  const mark: Part = { text: verdict.toUpperCase(), color: colors[verdict] };
  const rest = isFolded ? `: ${summaryOf(checks)}` : '';
  return [{ text: label, color: 'bold' }, ' ', mark, rest];
}

function toCells({ name, status, text }: Check): Cell[] {
  return [[`  ${name}`], [{ text: status, color: colors[status] }], [text]];
}

function verdictLine(shards: readonly CheckedShard[], verdict: Verdict): Part[] {
  const mark: Part = { text: verdict.toUpperCase(), color: colors[verdict] };
  const [first] = shards;
  const text =
    shards.length === 1 && first !== undefined
      ? summaryOf(first.result.checks)
      : summaryOfShards(shards);
  return [mark, `: ${text}`];
}

/** Returns what decides the verdict of one shard. */
function summaryOf(checks: readonly Check[]): string {
  const of = (wanted: CheckStatus) =>
    checks.filter(({ status }) => status === wanted).map(({ name }) => name);
  const [critical, warning] = [of('critical'), of('warning')];
  const parts = [
    ...(critical.length === 0
      ? []
      : [`${plural(critical.length, 'check is', 'checks are')} critical (${critical.join(', ')})`]),
    ...(warning.length === 0
      ? []
      : [`${plural(warning.length, 'warning')} (${warning.join(', ')})`]),
  ];
  if (parts.length > 0) return parts.join(', ');
  return checks.find(({ name }) => name === 'newest')?.text ?? '';
}

function summaryOfShards(shards: readonly CheckedShard[]): string {
  const of = (wanted: Verdict) =>
    shards.filter(({ result }) => verdictOf(result.checks) === wanted).map(({ label }) => label);
  const [critical, warning] = [of('critical'), of('warning')];
  const good = shards.length - critical.length - warning.length;
  return [
    `${good} of ${plural(shards.length, 'shard')} ${good === 1 ? 'is' : 'are'} good`,
    ...(critical.length === 0 ? [] : [`critical: ${shortList(critical)}`]),
    ...(warning.length === 0 ? [] : [`with warnings: ${shortList(warning)}`]),
  ].join('; ');
}
