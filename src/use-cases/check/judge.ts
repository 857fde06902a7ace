import type { Backup } from '../../backup/backup.js';
import {
  type BackupFigures,
  type Check,
  checkNames,
  type CheckResult,
  verdictOf,
} from '../../backup/check-result.js';
import { exitCodes } from '../../errors.js';
import type { ListFacts } from './facts.js';
import { judgeFull, judgeNewest } from './judge-age.js';
import {
  judgeBroken,
  judgeChain,
  judgeClock,
  judgeLastBackup,
  judgeSize,
} from './judge-backups.js';
import { judgeInterrupted, judgeLocal, judgeReplicas } from './judge-replicas.js';
import { findNewestChain, type NewestChain } from './newest-chain.js';

const notDeep: Check = {
  name: 'complete',
  status: 'skipped',
  text: 'not checked without --deep',
};

/**
 * Judges what the lists show. `before`: the remote list that was read first, if this is the second one.
 * Whether the backups are complete is not judged here.
 */
export function judge(facts: ListFacts, before?: readonly Backup[]): CheckResult {
  const found = findNewestChain(facts.remote, facts.recordedTimes, facts.nowMs);
  const nothing = 'there is no backup that can be restored';
  const full = found && {
    name: found.full.backup.name,
    ageMs: found.full.ageMs,
  };
  return resultOf(
    [
      judgeServer(facts),
      judgeNewest(facts, found),
      full === undefined ? skipped('full', nothing) : judgeFull(facts, full),
      judgeLastBackup(facts),
      judgeChain(facts, found?.chain.length),
      notDeep,
      found === undefined ? skipped('size', nothing) : judgeSize(facts, found),
      judgeBroken(facts, before),
      judgeLocal(facts),
      judgeReplicas(facts, found),
      judgeInterrupted(facts),
      judgeClock(facts),
    ],
    found === undefined ? noFigures : figuresOf(found),
    facts.used.host,
  );
}

export const noFigures: BackupFigures = {
  newest: undefined,
  ageSeconds: undefined,
  chain: undefined,
  dataBytes: undefined,
};

/** Returns the result with all checks in their order; one that is not given is skipped. */
export function resultOf(
  checks: readonly Check[],
  figures: BackupFigures,
  host: string | undefined,
): CheckResult {
  const all = checkNames.map(
    (name) => checks.find((check) => check.name === name) ?? skipped(name, 'not checked'),
  );
  const exitCode = verdictOf(all) === 'critical' ? exitCodes.failed : exitCodes.done;
  return { ...figures, checks: all, host, exitCode };
}

/** Returns the result with one check replaced. */
export function withCheck({ checks, host, ...result }: CheckResult, check: Check): CheckResult {
  return resultOf([check, ...checks], result, host);
}

export function skipped(name: Check['name'], text: string): Check {
  return { name, status: 'skipped', text };
}

function judgeServer({ used: { host, version, running } }: ListFacts): Check {
  const operation = running.at(-1);
  const busy = operation === undefined ? '' : `, and is running \`${operation.command}\``;
  const text = `${host} answers (clickhouse-backup ${version})${busy}`;
  return { name: 'server', status: 'ok', text };
}

function figuresOf({ newest: { backup, ageMs }, chain }: NewestChain): BackupFigures {
  return {
    newest: backup.name,
    ageSeconds: ageMs === undefined ? undefined : Math.floor(ageMs / 1000),
    chain: chain.length,
    dataBytes: backup.sizeBytes,
  };
}
