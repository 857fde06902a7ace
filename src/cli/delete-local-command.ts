import type { Settings } from '../config/settings.js';

/** The command that removes a local copy, as it has to be typed here. */
export function deleteLocalCommand({ host, binaryPath }: Settings, backup: string): string {
  const connection = binaryPath === undefined ? host.label : binaryOptions(binaryPath, host.label);
  return `chbackup delete-local ${connection} --name ${backup}`;
}

function binaryOptions(binaryPath: string, label: string): string {
  const option = binaryPath === 'clickhouse-backup' ? '--binary' : `--binary-path ${binaryPath}`;
  return label === 'local' ? option : `${label} ${option}`;
}
