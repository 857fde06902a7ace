import { exitCodes } from '../../src/errors.js';
import type { ScheduleRecord } from './schedule-record.js';
import type { RunRecord, SentRequest } from './run-record.js';

export const clickHouseCheck = '/backup/tables?table=nosuch.nosuch';
/** The error of a run whose requests were refused because of a list that hangs. */
export const refusedByList = /starts nothing else until it ends/;

const minute = 60_000;
const proxyStatuses = new Set([408, 421, 425, 429, 502, 503, 504]);
/** The largest error of a duration, because start and end in log entries are whole seconds. */
const roundedMs = 2000;

/**
 * Checks that a run does not wait for a list that hangs, and that it reports at once if ClickHouse
 * does not answer.
 */
export function checkHung(
  schedule: ScheduleRecord,
  run: RunRecord,
  { code, stderr, endMs }: { code: number; stderr: string; endMs: number },
): void {
  const must = (isMet: boolean, failure: string) => schedule.expect(isMet, run, failure);
  const running = run.host.simulator.actions.filter(({ status }) => status === 'in progress');
  const isOurs = ({ command, startMs }: (typeof running)[number]) =>
    run.sent.some(
      ({ path, atMs, answeredMs }) =>
        answeredMs === Infinity && Math.floor(atMs) === startMs && commandOf(path) === command,
    );
  const isHung = (entry: (typeof running)[number], afterMs: number) =>
    entry.command.startsWith('list') && (isOurs(entry) || endMs - entry.startMs >= afterMs);
  // "is busy" excludes a lock that another chbackup holds.
  if (code === exitCodes.busy && / is busy: /.test(stderr)) {
    const onlyHung =
      running.length > 0 && running.every((entry) => isHung(entry, 10 * minute + roundedMs));
    must(
      !onlyHung,
      `exit 11, but only lists hang: ${running.map((entry) => entry.command).join()}`,
    );
  }
  if (refusedByList.test(stderr)) {
    must(
      running.every((entry) => isHung(entry, 10 * minute - roundedMs)),
      'the run gave up because of a list that has not been running for ten minutes',
    );
  }
  const check = lastCheck(run);
  if (check !== undefined && hasFailed(check, run) && run.signalledMs === undefined) {
    must(code === exitCodes.unreachable, `ClickHouse did not answer, but exit ${code}`);
  }
}

/** Returns how long a run that ends with exit 13 must have tried. */
export function leastMsBeforeUnreachable(run: RunRecord): number {
  const check = lastCheck(run);
  if (check === undefined || !hasFailed(check, run)) return minute;
  return check.status === undefined ? minute / 2 : 0;
}

function lastCheck({ sent }: RunRecord): SentRequest | undefined {
  return sent.findLast(({ path }) => path === clickHouseCheck);
}

/** True if ClickHouse was unreachable, or did not answer while the server itself did. */
function hasFailed(check: SentRequest, { sent }: RunRecord): boolean {
  if (check.status !== undefined) {
    return check.status === 500 && check.body?.includes("can't connect to clickhouse") === true;
  }
  // Only an answer from the server itself shows that it is running; a proxy's does not.
  const next = sent
    .slice(sent.indexOf(check) + 1)
    .find(({ status }) => status !== undefined && !proxyStatuses.has(status));
  const isSilent = next !== undefined && next.atMs - check.atMs >= minute / 2;
  return isSilent && next.path.startsWith('/backup/actions') && next.status !== 401;
}

/** Returns the command in the log entry that a request for a list adds. */
function commandOf(path: string): string | undefined {
  const found = /^\/backup\/list(?:\/(local|remote))?$/.exec(path);
  return found === null ? undefined : ['list', found[1]].filter(Boolean).join(' ');
}
