import { exitCodes } from '../../src/errors.js';
import type { Ledger } from './ledger.js';
import type { RunRecord, SentRequest } from './run-record.js';

export const usableCheck = '/backup/tables?table=nosuch.nosuch';
/** The error of a run whose requests were refused because of a list that hangs. */
export const refusedByList = /starts nothing else until it ends/;

const minute = 60_000;
const proxyStatuses = new Set([408, 421, 425, 429, 502, 503, 504]);
/** Times in rows are whole seconds, both of them. */
const roundedMs = 2000;

/** A list that hangs is no work to wait for, and ClickHouse that does not answer is told at once. */
export function checkHung(
  ledger: Ledger,
  run: RunRecord,
  { code, stderr, endMs }: { code: number; stderr: string; endMs: number },
): void {
  const must = (holds: boolean, promise: string) => ledger.expect(holds, run, promise);
  const left = run.host.simulator.actions.filter(({ status }) => status === 'in progress');
  const isOurs = ({ command, startMs }: (typeof left)[number]) =>
    run.sent.some(
      ({ path, atMs, answeredMs }) =>
        answeredMs === Infinity && Math.floor(atMs) === startMs && commandOf(path) === command,
    );
  const isHung = (row: (typeof left)[number], afterMs: number) =>
    row.command.startsWith('list') && (isOurs(row) || endMs - row.startMs >= afterMs);
  // Another chbackup that holds the lock is another matter.
  if (code === exitCodes.busy && / is busy: /.test(stderr)) {
    const onlyHung = left.length > 0 && left.every((row) => isHung(row, 10 * minute + roundedMs));
    must(!onlyHung, `exit 11, but only lists hang: ${left.map((row) => row.command).join()}`);
  }
  if (refusedByList.test(stderr)) {
    must(
      left.every((row) => isHung(row, 10 * minute - roundedMs)),
      'given up for a list that is not old',
    );
  }
  const check = lastCheck(run);
  if (check !== undefined && hasFailed(check, run) && run.signalledMs === undefined) {
    must(code === exitCodes.unreachable, `ClickHouse did not answer, but exit ${code}`);
  }
}

/** How long a run that ends with exit 13 must have tried. */
export function patienceOfUnreachable(run: RunRecord): number {
  const check = lastCheck(run);
  if (check === undefined || !hasFailed(check, run)) return minute;
  return check.status === undefined ? minute / 2 : 0;
}

function lastCheck({ sent }: RunRecord): SentRequest | undefined {
  return sent.findLast(({ path }) => path === usableCheck);
}

/** ClickHouse was not reached, or was silent while the server itself answered. */
function hasFailed(check: SentRequest, { sent }: RunRecord): boolean {
  if (check.status !== undefined) {
    return check.status === 500 && check.body?.includes("can't connect to clickhouse") === true;
  }
  // Any answer of its own shows that the server itself answers; a proxy's does not.
  const next = sent
    .slice(sent.indexOf(check) + 1)
    .find(({ status }) => status !== undefined && !proxyStatuses.has(status));
  const isSilent = next !== undefined && next.atMs - check.atMs >= minute / 2;
  return isSilent && next.path.startsWith('/backup/actions') && next.status !== 401;
}

/** The row that a request for a list adds. */
function commandOf(path: string): string | undefined {
  const found = /^\/backup\/list(?:\/(local|remote))?$/.exec(path);
  return found === null ? undefined : ['list', found[1]].filter(Boolean).join(' ');
}
