import { parseDurationMs } from '../../src/config/duration.js';
import { exitCodes } from '../../src/errors.js';
import { patienceOfUnreachable, refusedByList } from './check-hung.js';
import type { Ledger } from './ledger.js';
import type { RunRecord, SentRequest } from './run-record.js';

const minute = 60_000;
/** A server that is silent while it works for us is given up after ten minutes. */
const silenceMs = 11 * minute;

/** No run outlasts what it was told, nor gives up before; a signal ends it at once. */
export function checkTimes(
  ledger: Ledger,
  run: RunRecord,
  { code, endMs, stderr }: { code: number; endMs: number; stderr: string },
): void {
  const must = (holds: boolean, promise: string) => ledger.expect(holds, run, promise);
  const [waitMs, timeoutMs] = [run.step.wait, run.step.timeout].map(
    (text) => parseDurationMs(text) ?? 0,
  ) as [number, number];
  const tookMs = endMs - run.startMs;
  must(tookMs <= waitMs + 2 * timeoutMs + 240 * minute, `it ran for ${tookMs / minute} minutes`);
  const patienceMs = new Map<number, number>([
    [exitCodes.busy, waitMs],
    // A list or a delete has ten minutes, whatever --timeout says; an old list has had them.
    [exitCodes.timedOut, refusedByList.test(stderr) ? 0 : Math.min(timeoutMs, 10 * minute)],
    [exitCodes.unreachable, patienceOfUnreachable(run)],
  ]);
  must(tookMs >= (patienceMs.get(code) ?? 0), `exit ${code} after ${tookMs} ms`);
  if (run.signalledMs !== undefined) {
    must(endMs - run.signalledMs <= 1000, 'it went on after the signal');
  }
  const waited = waitedForOthers(run.sent);
  must(
    waited <= waitMs,
    `it waited ${waited / minute} minutes for others, with --wait ${run.step.wait}`,
  );
  for (const [at, { method, path, status = 0, answeredMs }] of run.sent.entries()) {
    if (method !== 'POST' || !/^\/backup\/(create|upload|restore)/.test(path)) continue;
    if (status !== 200 && status !== 201) continue;
    const rest = run.sent.slice(at + 1);
    const nextPost = rest.findIndex((sent) => sent.method === 'POST');
    const followed = nextPost === -1 ? rest : rest.slice(0, nextPost);
    const lastPoll = followed.findLast((sent) => isPollOf(run.created, sent));
    const followedMs = (lastPoll?.atMs ?? answeredMs) - answeredMs;
    const most = timeoutMs + silenceMs;
    must(followedMs <= most, `it followed ${path} for ${followedMs / minute} minutes`);
  }
}

function isPollOf(name: string | undefined, { path }: SentRequest): boolean {
  return name !== undefined && path === `/backup/actions?filter=${name}`;
}

/** From each look that showed something running until the next request. */
function waitedForOthers(sent: readonly SentRequest[]): number {
  let sumMs = 0;
  for (const [at, { path, status, body, answeredMs }] of sent.entries()) {
    const next = sent[at + 1];
    if (next === undefined || status !== 200 || !body?.includes('in progress')) continue;
    if (path === '/backup/actions?filter=in%20progress') sumMs += next.atMs - answeredMs;
  }
  return sumMs;
}
