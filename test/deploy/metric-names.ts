const labelsOfRuns = ['shard', 'command'];

/** The series that chbackup writes, each with its labels. Joined with `src/notify`, which writes them. */
export const metricLabels: Readonly<Record<string, readonly string[]>> = {
  chbackup_last_run_timestamp_seconds: labelsOfRuns,
  chbackup_last_run_exit_code: labelsOfRuns,
  chbackup_last_run_duration_seconds: labelsOfRuns,
  chbackup_last_success_timestamp_seconds: labelsOfRuns,
  chbackup_first_run_timestamp_seconds: labelsOfRuns,
  chbackup_backup_data_bytes: labelsOfRuns,
  chbackup_chain_length: labelsOfRuns,
  chbackup_check_timestamp_seconds: ['shard'],
  chbackup_check_status: ['shard', 'check'],
};
