import type { Status } from '../state/status.js';
import { type CheckFindings, checkMetricsFile, formatCheckMetrics } from './check-metrics.js';
import type { MetricsFolder } from './metrics-folder.js';
import { formatRunMetrics, isRun, type RunEnd, runMetricsFile } from './run-metrics.js';

/** How often a file is written that other runs write at the same time. */
const mostWrites = 3;

/** Writes the metrics file of a shard after a run, or after a check that found out something. */
export async function writeMetrics(
  folder: MetricsFolder,
  end: RunEnd,
  readStatus: () => Status | undefined,
  checked: CheckFindings | undefined,
): Promise<void> {
  const { command, shard, finishedAt } = end;
  if (checked !== undefined) {
    const text = await formatCheckMetrics(shard, finishedAt, checked);
    await folder.replace(checkMetricsFile(shard), text);
  } else if (isRun(command)) {
    await writeRun(folder, end, readStatus);
  }
}

/** Writes until no other run has replaced the file, or the status file, meanwhile: none gets lost. */
async function writeRun(
  folder: MetricsFolder,
  end: RunEnd,
  readStatus: () => Status | undefined,
): Promise<void> {
  const file = runMetricsFile(end.shard);
  let written: string | undefined;
  for (let attempt = 0; attempt < mostWrites; attempt += 1) {
    const previous = await folder.read(file);
    const text = await formatRunMetrics(end, readStatus(), previous);
    if (text === written) return;
    await folder.replace(file, text);
    written = text;
  }
}
