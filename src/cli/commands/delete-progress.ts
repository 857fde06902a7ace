import cliProgress from 'cli-progress';
import type { DeletionPlan } from '../../backup/deletion/plan.js';
import type { Reason } from '../../backup/deletion/reasons.js';
import { PartialFailureError } from '../../errors.js';
import { plural } from '../../text.js';
import type { DeleteRequest, DeletionDialogue } from '../../use-cases/delete/delete-backups.js';
import type { DeletionResult } from '../../use-cases/delete/delete-in-order.js';
import { describeFreed, describeReason } from '../../use-cases/delete/reason-text.js';
import type { Execution } from '../execution.js';
import { askForYes } from '../ui/questions.js';
import { showPlan } from './delete-table.js';

const barLook = {
  barsize: 20,
  barCompleteString: '='.repeat(20),
  barIncompleteString: '-'.repeat(20),
  barGlue: '',
};

/** Shows the plan and the progress; keeps both for `--json`. */
export class DeletionProgress implements DeletionDialogue {
  shown: DeletionPlan | undefined;
  readonly result: DeletionResult = { deleted: [], failed: [] };
  private readonly execution: Execution;

  constructor(execution: Execution) {
    this.execution = execution;
  }

  ask(question: string): Promise<boolean | undefined> {
    return askForYes(question, this.execution);
  }

  deleted(name: string): void {
    this.result.deleted.push(name);
  }

  notDeleted(name: string, reason: string): void {
    this.result.failed.push({ name, reason });
    this.execution.reporter.warn(`backup ${name} was not deleted: ${reason}`);
  }

  keptAfterAll(name: string, reason: Reason): void {
    const item = this.shown?.items.find(({ backup }) => backup.name === name);
    if (item !== undefined) Object.assign(item, { action: 'keep', reason });
    this.execution.reporter.warn(`backup ${name} was not deleted: ${describeReason(reason)}`);
  }

  /** Reports how many were deleted before an error; a `PartialFailureError` says it itself. */
  reportProgress(error: unknown): void {
    const { deleted } = this.result;
    const total = this.shown?.order.length ?? 0;
    if (deleted.length === 0 || error instanceof PartialFailureError) return;
    this.execution.reporter.warn(
      `stopped after deleting ${deleted.length} of ${total}; run the same command again to continue`,
    );
  }

  reportEnd(request: DeleteRequest): void {
    this.execution.reporter.info(describeEnd(request, [this]));
  }

  toJson(request: DeleteRequest, host: string): Record<string, unknown> {
    const { location, dryRun } = request;
    const plan = this.shown?.items.map(({ backup, action, reason }) => ({
      name: backup.name,
      action,
      reason: describeReason(reason),
    }));
    return { command: `delete-${location}`, host, dryRun, plan, ...this.result };
  }

  plan(plan: DeletionPlan): void {
    const { settings, reporter } = this.execution;
    this.shown = plan;
    reporter.end();
    // The plans of a cluster are shown together.
    if (settings.json || settings.shards !== undefined) return;
    showPlan(plan, this.execution);
  }

  /** On a terminal, the bar is drawn in the line of the spinner. */
  deleting(name: string, done: number, total: number): void {
    const { output, settings, reporter } = this.execution;
    const { json, quiet, shards } = settings;
    const isDrawn = output.stderrIsTerminal && !json && !quiet && shards === undefined;
    reporter.phase(
      isDrawn
        ? `${cliProgress.Format.BarFormat(done / total, barLook)} ${done}/${total} ${name}`
        : `deleting ${name} (${done + 1} of ${total})`,
    );
  }
}

/** Says what was deleted, or would be with `--dry-run`. `owner`: what the plans are of, if that is not clear. */
export function describeEnd(
  { location, dryRun }: DeleteRequest,
  all: readonly DeletionProgress[],
  owner?: string,
): string {
  const plans = all.flatMap(({ shown }) => shown ?? []);
  const planned = plans.reduce((sum, { order }) => sum + order.length, 0);
  const deleted = all.reduce((sum, { result }) => sum + result.deleted.length, 0);
  const of = owner === undefined ? '' : ` of ${owner}`;
  const count = (backups: number) => `${plural(backups, `${location} backup`)}${of}`;
  if (!dryRun) return planned === 0 ? 'there is nothing to delete' : `deleted ${count(deleted)}`;
  return `--dry-run: would delete ${count(planned)}${describeFreed(...plans)}; nothing was deleted`;
}
