import { parseDurationMs } from '../../src/config/duration.js';
import { exitCodes } from '../../src/errors.js';
import { leastMsBeforeUnreachable, refusedByList } from './check-hung.js';
import type { ScheduleRecord } from './schedule-record.js';
import type { RunRecord, SentRequest } from './run-record.js';

const minute = 60_000;
/** Ten minutes, after which a run gives up on a silent server that works for it, and one more. */
const silenceMs = 11 * minute;

/** Checks that a run keeps to its time limits, does not give up early, and stops at a signal. */
export function checkTimes(
  schedule: ScheduleRecord,
  run: RunRecord,
  { code, endMs, stderr }: { code: number; endMs: number; stderr: string },
): void {
  const must = (isMet: boolean, failure: string) => schedule.expect(isMet, run, failure);
  const [waitMs, timeoutMs] = [run.step.wait, run.step.timeout].map(
    (text) => parseDurationMs(text) ?? 0,
  ) as [number, number];
  const tookMs = endMs - run.startMs;
  must(tookMs <= waitMs + 2 * timeoutMs + 240 * minute, `the run took ${tookMs / minute} minutes`);
  const leastMs = new Map<number, number>([
    [exitCodes.busy, waitMs],
    // A list or a delete may take ten minutes, even with a shorter --timeout.
    // A list that hangs has already taken them.
    [exitCodes.timedOut, refusedByList.test(stderr) ? 0 : Math.min(timeoutMs, 10 * minute)],
    [exitCodes.unreachable, leastMsBeforeUnreachable(run)],
  ]);
  must(tookMs >= (leastMs.get(code) ?? 0), `exit ${code} after ${tookMs} ms`);
  if (run.signalledMs !== undefined) {
    must(endMs - run.signalledMs <= 1000, 'the run continued after the signal');
  }
  const waited = waitedForOthers(run.sent);
  must(
    waited <= waitMs,
    `the run waited ${waited / minute} minutes for others, with --wait ${run.step.wait}`,
  );
  for (const [at, { method, path, status = 0, answeredMs }] of run.sent.entries()) {
    if (method !== 'POST' || !/^\/backup\/(create|upload|restore)/.test(path)) continue;
    if (status !== 200 && status !== 201) continue;
    const rest = run.sent.slice(at + 1);
    const nextPost = rest.findIndex((sent) => sent.method === 'POST');
    const followed = nextPost === -1 ? rest : rest.slice(0, nextPost);
    const lastPoll = followed.findLast((sent) => isPollOf(run.created, sent));
    const followedMs = (lastPoll?.atMs ?? answeredMs) - answeredMs;
    const mostMs = timeoutMs + silenceMs;
    must(followedMs <= mostMs, `the run followed ${path} for ${followedMs / minute} minutes`);
  }
}

function isPollOf(name: string | undefined, { path }: SentRequest): boolean {
  return name !== undefined && path === `/backup/actions?filter=${name}`;
}

/** Sums the times between an answer that shows a running operation and the next request. */
function waitedForOthers(sent: readonly SentRequest[]): number {
  let sumMs = 0;
  for (const [at, { path, status, body, answeredMs }] of sent.entries()) {
    const next = sent[at + 1];
    if (next === undefined || status !== 200 || !body?.includes('in progress')) continue;
    if (path === '/backup/actions?filter=in%20progress') sumMs += next.atMs - answeredMs;
  }
  return sumMs;
}
