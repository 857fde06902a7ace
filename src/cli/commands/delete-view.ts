import cliProgress from 'cli-progress';
import type { DeletionPlan } from '../../backup/deletion/plan.js';
import type { Reason } from '../../backup/deletion/reasons.js';
import {
  type DeleteRequest,
  deleteBackups,
  type DeletionDialogue,
} from '../../use-cases/delete/delete-backups.js';
import { describeFreed, describeReason } from '../../use-cases/delete/reason-text.js';
import type { DeletionResult } from '../../use-cases/delete/delete-in-order.js';
import { plural } from '../../text.js';
import { PartialFailureError } from '../../errors.js';
import { askForYes } from '../ui/questions.js';
import type { Execution } from '../execution.js';
import { openContext } from '../open-context.js';
import { showPlan } from './delete-table.js';

const barLook = {
  barsize: 20,
  barCompleteString: '='.repeat(20),
  barIncompleteString: '-'.repeat(20),
  barGlue: '',
};

/** Runs delete-remote or delete-local. With `--json`, plan and result are one object at the end. */
export async function executeDelete(request: DeleteRequest, execution: Execution): Promise<void> {
  const { settings, output, reporter } = execution;
  const context = await openContext(execution);
  const progress = new DeletionProgress(execution);
  try {
    await deleteBackups(request, context, progress);
  } catch (error) {
    progress.reportProgress(error);
    throw error;
  } finally {
    reporter.end();
    if (settings.json && progress.shown !== undefined) {
      output.resultJson(progress.toJson(request, settings.host.label), 2);
    }
  }
  const { deleted } = progress.result;
  const plan = progress.shown;
  if (request.dryRun)
    reporter.info(
      `--dry-run: would delete ${plural(plan?.order.length ?? 0, `${request.location} backup`)}${plan === undefined ? '' : describeFreed(plan)}; nothing was deleted`,
    );
  else if (plan?.order.length === 0) reporter.info('there is nothing to delete');
  else reporter.info(`deleted ${plural(deleted.length, `${request.location} backup`)}`);
  if (context.log.failure !== undefined) throw context.log.failure;
}

/** Shows the plan and the progress; keeps both for `--json`. */
class DeletionProgress implements DeletionDialogue {
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

  toJson(request: DeleteRequest, host: string): unknown {
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
    if (settings.json) return;
    showPlan(plan, this.execution);
  }

  /** On a terminal, the bar is drawn in the line of the spinner. */
  deleting(name: string, done: number, total: number): void {
    const { output, settings, reporter } = this.execution;
    const isDrawn = output.stderrIsTerminal && !settings.json && !settings.quiet;
    reporter.phase(
      isDrawn
        ? `${cliProgress.Format.BarFormat(done / total, barLook)} ${done}/${total} ${name}`
        : `deleting ${name} (${done + 1} of ${total})`,
    );
  }
}
