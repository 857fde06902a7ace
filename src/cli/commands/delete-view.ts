import { type DeleteRequest, deleteBackups } from '../../use-cases/delete/delete-backups.js';
import type { Execution } from '../execution.js';
import { openHostContext } from '../open-context.js';
import { DeletionProgress } from './delete-progress.js';

/** Runs delete-remote or delete-local. With `--json`, plan and result are one object at the end. */
export async function executeDelete(request: DeleteRequest, execution: Execution): Promise<void> {
  const { settings, output, reporter } = execution;
  if (settings.shards !== undefined) {
    const { executeDeleteOnCluster } = await import('./delete-cluster-view.js');
    return executeDeleteOnCluster(request, settings.shards, execution);
  }
  const context = await openHostContext(execution);
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
  progress.reportEnd(request);
  if (context.log.failure !== undefined) throw context.log.failure;
}
