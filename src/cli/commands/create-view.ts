import {
  createBackup,
  type CreateRequest,
  type CreateResult,
} from '../../use-cases/create/create-backup.js';
import type { AgeRequest, YoungBackup } from '../../use-cases/create/young-backup.js';
import { formatBytes, formatDuration } from '../../text.js';
import type { CommandRun } from '../../state/status.js';
import type { Execution } from '../execution.js';
import { openCreateContext } from '../open-context.js';

/** Runs create-full or create-diff and reports the result. */
export async function executeCreate(request: AgeRequest, execution: Execution): Promise<void> {
  const { settings, reporter, output } = execution;
  const { withoutBase, base, maxChain, findBase, shards } = settings;
  const full: CreateRequest = { ...request, withoutBase, base, maxChain, findBase };
  if (shards !== undefined) {
    const { executeCreateOnCluster } = await import('./create-cluster-view.js');
    return executeCreateOnCluster(full, shards, execution);
  }
  const ended: CommandRun[] = [];
  const run = await openCreateContext([execution], { runEnded: (end) => ended.push(end) });
  const result = await createBackup(full, run);
  if (settings.json) {
    const command = `create-${request.kind.toLowerCase()}`;
    output.resultJson({ command, host: settings.host.label, ...resultToJson(result, ended[0]) });
  }
  reporter.info(describeResult(result));
  if (run.log.failure !== undefined) throw run.log.failure;
}

/** Returns the last line of a run. */
export function describeResult(result: CreateResult): string {
  if (result.kind === 'skipped') return `${result.young.reason}; nothing to do`;
  const { backup, base, dataBytes, createSeconds, uploadSeconds } = result.created;
  const how = base === undefined ? 'in full' : `as an increment on ${base}`;
  const size = dataBytes === undefined ? 'unknown size' : `${formatBytes(dataBytes)} of data`;
  const [create, upload] = [createSeconds, uploadSeconds].map((seconds) =>
    formatDuration(seconds * 1000),
  );
  return `backup ${backup} was uploaded ${how}, verified and recorded: ${size}, created in ${create}, uploaded in ${upload}`;
}

/** The documented shape of `--json`; see docs/settings.md. `run` is how the run ended, if it got the lock. */
export function resultToJson(result: CreateResult, run: CommandRun | undefined): object {
  if (result.kind === 'skipped') return skippedToJson(result.young);
  const { created } = result;
  const { backup, base, dataBytes, createSeconds, uploadSeconds } = created;
  return {
    skipped: false,
    backup,
    base: base ?? null,
    kind: base === undefined ? 'full' : 'increment',
    dataBytes: dataBytes ?? null,
    createSeconds,
    uploadSeconds,
    startedAt: created.startedAt.toISOString(),
    finishedAt: created.recordedAt.toISOString(),
    seconds: run?.seconds ?? null,
  };
}

function skippedToJson({ name, ageMs }: YoungBackup): object {
  return { skipped: true, backup: name, ageSeconds: Math.floor(ageMs / 1000) };
}
