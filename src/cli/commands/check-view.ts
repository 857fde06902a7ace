import { verdictOf } from '../../backup/check-result.js';
import { exitCodeOfParts, InterruptedError, OperationTimeoutError } from '../../errors.js';
import type { ShardWatch } from '../../notify/monitor.js';
import { formatDuration } from '../../text.js';
import { longestCheckMs, longestCheckWaitMs } from '../../time/intervals.js';
import { checkShard } from '../../use-cases/check/check-shard.js';
import { resultOfError } from '../../use-cases/check/judge-without-list.js';
import type { Replica } from '../../use-cases/context.js';
import type { Execution } from '../execution.js';
import { openContext } from '../open-context.js';
import { presentableError } from '../unexpected-error.js';
import { showChecks } from './check-table.js';
import { type CheckedShard, verdictOfAll } from './checked-shard.js';
import { nagiosCode, nagiosLine } from './nagios.js';

export interface CheckView {
  deep: boolean;
  nagios: boolean;
}

/** Runs `check` and shows the results. Returns the exit code, whose reason is among them. */
export async function executeCheck(view: CheckView, execution: Execution): Promise<number> {
  const { output, reporter, settings } = execution;
  const shards = await withinTime(view, execution, async (limited) => {
    if (settings.shards === undefined) {
      try {
        return [await checkHost(view, [limited])];
      } catch (error) {
        watchFailure(error, execution.watch);
        throw error;
      }
    }
    const { checkCluster } = await import('./check-cluster-view.js');
    return checkCluster(view, settings.shards, limited);
  });
  reporter.end();
  if (view.nagios) {
    output.resultLine([nagiosLine(shards, settings)]);
    return nagiosCode(shards);
  }
  const exitCode = exitCodeOfParts(shards.map(({ result }) => result.exitCode));
  if (settings.json) output.resultJson(toJson(shards, exitCode), 2);
  else showChecks(shards, execution);
  return exitCode;
}

/** Checks one shard; `onReplicas` differ in their host only. */
export async function checkHost(
  { deep }: CheckView,
  onReplicas: readonly Execution[],
  unnamed = 'the host given as an argument',
): Promise<CheckedShard> {
  const opened = await Promise.all(onReplicas.map((each) => openContext(each, true)));
  const [first] = onReplicas;
  const [context] = opened;
  if (first === undefined || context === undefined) throw new Error('a shard has a replica');
  const replicas = opened.flatMap(({ host, server, deleteLocalCommand }, at): Replica[] => {
    const name = onReplicas[at]?.settings.host.fileName ?? host;
    return server === undefined ? [] : [{ name, host, server, deleteLocalCommand }];
  });
  const { maxAgeMs, maxChain, maxFullAgeMs, timeoutMs } = first.settings;
  const limits = { maxAgeMs, maxChain, maxFullAgeMs, timeoutMs };
  const result = await checkShard({ limits, deep }, { ...context, replicas });
  first.watch?.checked(result);
  const { visibleHost } = first.reporter;
  const isVisible = visibleHost !== '';
  return {
    label: visibleHost || unnamed,
    replicas: isVisible ? replicas.map(({ host }) => host) : [],
    files: isVisible ? first.files.owner : undefined,
    hasFiles: first.files.exist(),
    result,
  };
}

/**
 * Lets the metrics file and the ping show that a shard could not be checked. A check that was stopped by a
 * signal found out nothing.
 */
export function watchFailure(error: unknown, watch: ShardWatch | undefined): void {
  if (error instanceof InterruptedError) return;
  watch?.checked(resultOfError(presentableError(error)));
}

/**
 * Ends the work after two minutes, with `--deep` after `--timeout`. Long waits, which variables may set for
 * backups, would leave no time for the lists.
 */
async function withinTime<T>(
  { deep }: CheckView,
  execution: Execution,
  work: (limited: Execution) => Promise<T>,
): Promise<T> {
  const { environment, settings, signal } = execution;
  const limitMs = deep ? settings.timeoutMs : Math.min(longestCheckMs, settings.timeoutMs);
  const deadline = new AbortController();
  const ended = new AbortController();
  environment.clock.sleep(limitMs, ended.signal).then(
    () =>
      deadline.abort(
        new OperationTimeoutError(`the check did not end within ${formatDuration(limitMs)}`, {
          hint: 'check that ClickHouse and the remote storage answer',
        }),
      ),
    () => undefined,
  );
  try {
    const limited = {
      ...settings,
      waitMs: Math.min(settings.waitMs, longestCheckWaitMs),
      connectTimeoutMs: Math.min(settings.connectTimeoutMs, longestCheckWaitMs),
    };
    return await work({
      ...execution,
      settings: limited,
      signal: AbortSignal.any([signal, deadline.signal]),
    });
  } finally {
    ended.abort();
  }
}

/** The documented shape of `--json`; see docs/check.md. */
function toJson(shards: readonly CheckedShard[], exitCode: number): unknown {
  const status = verdictOfAll(shards);
  return {
    command: 'check',
    ok: status === 'ok',
    status,
    exitCode,
    shards: shards.map(({ label, replicas, files, result }) => {
      const { host, newest, ageSeconds, chain, dataBytes, checks } = result;
      const ofShard = verdictOf(checks);
      return {
        shard: label,
        host: host ?? null,
        replicas,
        files: files ?? null,
        ok: ofShard === 'ok',
        status: ofShard,
        exitCode: result.exitCode,
        newest: newest ?? null,
        ageSeconds: ageSeconds ?? null,
        chain: chain ?? null,
        dataBytes: dataBytes ?? null,
        checks,
      };
    }),
  };
}
