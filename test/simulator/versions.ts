/** The versions that can be simulated; 2.8.1 is an unreleased build that calls itself HEAD. */
export type SimulatorVersion = '2.4.0' | '2.6.30' | '2.7.0' | '2.8.1';

/** The differences between versions, taken from docs/clickhouse-backup-api.md and the recordings. */
export interface VersionProfile {
  /**
   * The version in `GET /` and `/backup/version`; empty for the version that has neither
   * (clickhouse-backup-api.md#version).
   */
  versionText: string;
  hasVersionRoute: boolean;
  hasRemoteShortcuts: boolean;
  hasLocalBrokenRoute: boolean;
  hasRebaseRoute: boolean;
  /**
   * 2.4.0–2.4.28 check only the last row, so a list that ends releases the lock
   * (clickhouse-backup-api.md#list-lock).
   */
  lockLooksAt: 'last row' | 'any row';
  operationIds: boolean;
  /** The number of finished rows that are kept (clickhouse-backup-api.md#action-rows). */
  finishedRowsKept: number;
  /**
   * The zone of `created` in lists: UTC below 2.6.29, then the server's own
   * (clickhouse-backup-api.md#creation-times).
   */
  createdZone: 'UTC' | 'local';
  detailedSizes: boolean;
  /**
   * The description of a local folder without metadata.json
   * (clickhouse-backup-api.md#descriptions).
   */
  brokenLocal: { description: string; oldFormat: boolean };
  createOnExistingName: 'error' | 'overwrite';
  emptyNameIsError: boolean;
  localRetentionAfterUpload: boolean;
  remoteRetentionBy: 'upload' | 'creation';
  downloadOnExistingName: 'success' | 'error';
  downloadLeavesBaseLocally: boolean;
  localListShowsRequired: boolean;
  deleteOfRequired: 'done' | 'refused';
  /**
   * The outcome of `delete/remote` while the storage is down
   * (clickhouse-backup-api.md#delete-errors).
   */
  deleteWhileStorageDown: 'not found' | 'hangs';
  /**
   * The outcome of work that needs ClickHouse, while it refuses connections
   * (clickhouse-backup-api.md#clickhouse-down).
   */
  whileClickHouseIsDown: 'fails' | 'hangs';
  /**
   * Whether an automatic resume puts quotes into names (clickhouse-backup-api.md#automatic-resume,
   * complete_resumable_after_restart).
   */
  resumeQuotesNames: boolean;
  /** Whether an upload uses a state with another diff-from; since 2.6.3 it is reset. */
  reusesStateOfOtherBase: boolean;
  incompleteWhenRemoteCopyIsMissing: boolean;
  /**
   * The answer of `GET /backup/tables?remote_backup=` (test/recordings/tables-*.json): the live
   * tables, the names of the backup's tables, or their sizes and parts too.
   */
  tablesOfBackups: 'ignored' | 'names' | 'sizes';
  /** Whether `GET /backup/tables?local_backup=` reads the sizes; 2.7.0 shows all of them empty. */
  readsLocalSizes: boolean;
  /**
   * Whether `diff-from-remote` compares contents; below 2.7.0 it compares only names
   * (clickhouse-backup-api.md#remote-bases).
   */
  remoteDiffComparesContents: boolean;
  replicatedAttachWhenBusy: 'skipped' | 'error';
  envFlag: boolean;
  rmWithDataDrops: boolean;
  tableMapping: boolean;
  /** Whether a table mapping works without a database mapping; before 2.6.40 no data is found. */
  tableMappingAlone: boolean;
  dashOrUnderscore: boolean;
  killStopsWork: boolean;
  killNeedsCommand: boolean;
  deleteCounts: boolean;
  inProgressMetrics: boolean;
  metricsContentType: string;
  commandFlags: Record<'create' | 'upload' | 'download' | 'restore', readonly string[]>;
  texts: {
    /** The error if the parameters or the configuration do not allow an upload. */
    uploadRefused(text: string): string;
    /** The error of `delete/remote` for a file beside the backups, on FTP. */
    notAFolder(name: string): string;
    diffLocalBaseMissing(base: string): string;
    diffRemoteBaseMissing(base: string): string;
    noTablesMatch(pattern: string, name: string): string;
    restoreMissing(name: string, dataOnly: boolean): string;
    alreadyLocal(name: string): string;
  };
}

const metadataPath = (name: string) => `/var/lib/clickhouse/backup/${name}/metadata.json`;

const v2_4_0: VersionProfile = {
  versionText: '',
  hasVersionRoute: false,
  hasRemoteShortcuts: false,
  hasLocalBrokenRoute: false,
  hasRebaseRoute: false,
  lockLooksAt: 'last row',
  operationIds: false,
  finishedRowsKept: Infinity,
  createdZone: 'UTC',
  detailedSizes: false,
  brokenLocal: { description: 'old-format', oldFormat: true },
  createOnExistingName: 'error',
  emptyNameIsError: false,
  localRetentionAfterUpload: false,
  remoteRetentionBy: 'upload',
  downloadOnExistingName: 'success',
  downloadLeavesBaseLocally: true,
  localListShowsRequired: false,
  deleteOfRequired: 'done',
  deleteWhileStorageDown: 'not found',
  whileClickHouseIsDown: 'fails',
  resumeQuotesNames: true,
  reusesStateOfOtherBase: true,
  incompleteWhenRemoteCopyIsMissing: true,
  tablesOfBackups: 'ignored',
  readsLocalSizes: false,
  remoteDiffComparesContents: false,
  replicatedAttachWhenBusy: 'skipped',
  envFlag: false,
  rmWithDataDrops: false,
  tableMapping: false,
  tableMappingAlone: false,
  dashOrUnderscore: false,
  killStopsWork: false,
  killNeedsCommand: true,
  deleteCounts: false,
  inProgressMetrics: false,
  metricsContentType: 'text/plain; version=0.0.4; charset=utf-8',
  // clickhouse-backup-api.md#row-commands, in the order of the row; `=` marks quoted flags, `~`
  // parsed ones.
  commandFlags: {
    create: ['tables=', 'partitions[]', '~schema', '~rbac', '~configs'],
    upload: ['diff-from=', 'diff-from-remote=', 'tables=', 'partitions[]', 'schema', 'resumable'],
    download: ['tables=', 'partitions[]', 'schema', 'resumable'],
    restore: [
      ...['tables=', 'restore-database-mapping=', 'partitions=', 'schema', 'data', 'drop', 'rm'],
      ...['ignore-dependencies', 'rbac', 'configs'],
    ],
  },
  texts: {
    uploadRefused: (text) => text,
    notAFolder: (name) => `550 "Can't change directory to /shard1/${name}: Not a directory"`,
    diffLocalBaseMissing: (base) =>
      `b.getTablesForUploadDiffLocal return error: open ${base}/metadata.json: no such file or directory`,
    diffRemoteBaseMissing: (base) =>
      `b.getTablesForUploadDiffRemote return error: ${base} not found on remote storage`,
    noTablesMatch: (pattern, name) => `no have found schemas by ${pattern} in ${name}`,
    restoreMissing: (name, dataOnly) =>
      dataOnly
        ? `can't restore: backup '${name}' is not found`
        : `stat /var/lib/clickhouse/backup/${name}/metadata: no such file or directory`,
    alreadyLocal: () => 'backup is already exists',
  },
};

const v2_6_30: VersionProfile = {
  ...v2_4_0,
  versionText: '2.6.30',
  hasVersionRoute: true,
  hasRemoteShortcuts: true,
  hasLocalBrokenRoute: true,
  lockLooksAt: 'any row',
  tablesOfBackups: 'names',
  operationIds: true,
  whileClickHouseIsDown: 'hangs',
  createdZone: 'local',
  detailedSizes: true,
  brokenLocal: { description: 'broken metadata.json not found', oldFormat: false },
  createOnExistingName: 'overwrite',
  emptyNameIsError: true,
  localRetentionAfterUpload: true,
  reusesStateOfOtherBase: false,
  downloadOnExistingName: 'error',
  downloadLeavesBaseLocally: false,
  localListShowsRequired: true,
  replicatedAttachWhenBusy: 'error',
  envFlag: true,
  rmWithDataDrops: true,
  tableMapping: true,
  tableMappingAlone: false,
  dashOrUnderscore: true,
  killNeedsCommand: false,
  inProgressMetrics: true,
  metricsContentType: 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores',
  commandFlags: {
    create: [
      ...['tables=', 'partitions*', 'schema', 'rbac', 'rbac-only', 'configs', 'configs-only'],
      ...['named-collections', 'named-collections-only', 'skip-check-parts-columns', 'resume'],
    ],
    upload: [
      ...['deleteSource', 'diff-from=', 'diff-from-remote=', 'tables=', 'partitions*', 'schema'],
      ...['rbac-only', 'configs-only', 'named-collections-only', 'resume'],
    ],
    download: [
      ...['tables=', 'partitions*', 'schema', 'rbac-only', 'configs-only', 'resumable', 'resume'],
      'hardlink-exists-files',
    ],
    restore: [
      ...['tables=', 'restore-database-mapping=', 'restore-table-mapping=', 'partitions='],
      ...['schema', 'data', 'drop', 'rm', 'ignore-dependencies', 'rbac', 'rbac-only', 'configs'],
      ...['configs-only', 'resumable', 'resume'],
    ],
  },
  texts: {
    ...v2_4_0.texts,
    diffLocalBaseMissing: (base) =>
      `b.getTablesDiffFromLocal return error: open ${base}/metadata.json: no such file or directory`,
    diffRemoteBaseMissing: (base) =>
      `b.getTablesDiffFromRemote return error: ${base} not found on remote storage`,
    noTablesMatch: (pattern, name) =>
      `not found schemas by ${pattern} in ${name}, also check skip_tables and skip_table_engines setting`,
    restoreMissing: (name) => `open ${metadataPath(name)}: no such file or directory`,
    alreadyLocal: () => 'backup is already exists',
  },
};

const v2_8_1: VersionProfile = {
  ...v2_6_30,
  versionText: 'HEAD',
  hasRebaseRoute: true,
  finishedRowsKept: 1000,
  remoteRetentionBy: 'creation',
  deleteOfRequired: 'refused',
  deleteWhileStorageDown: 'hangs',
  resumeQuotesNames: false,
  incompleteWhenRemoteCopyIsMissing: false,
  tablesOfBackups: 'sizes',
  readsLocalSizes: true,
  remoteDiffComparesContents: true,
  tableMappingAlone: true,
  killStopsWork: true,
  deleteCounts: true,
  texts: {
    ...v2_6_30.texts,
    uploadRefused: (text) => `validateUploadParams: ${text}`,
    notAFolder: (name) => `'${name}' is not found on remote storage`,
    diffLocalBaseMissing: (base) =>
      'b.getTablesDiffFromLocal return error: b.ReadBackupMetadataLocal: ReadBackupMetadataLocal: ' +
      `open ${base}/metadata.json: no such file or directory`,
    noTablesMatch: (pattern, name) =>
      `getTablesForRestoreLocal: not found schemas by ${pattern} in ${name}, ` +
      'also check skip_tables and skip_table_engines setting',
    restoreMissing: (name) =>
      `read backup metadata file: open ${metadataPath(name)}: no such file or directory`,
    alreadyLocal: (name) =>
      `backup is already exists: local backup '${name}' exists but resumable state ` +
      `'download.state2' is missing, so it is unknown which parts are complete and resuming on ` +
      'top of partial data risks silent corruption; run `clickhouse-backup delete local ' +
      `${name}\` and retry the download, or investigate why the resumable state was lost`,
  },
};

const v2_7_0: VersionProfile = {
  ...v2_8_1,
  versionText: '2.7.0',
  hasRebaseRoute: false,
  finishedRowsKept: Infinity,
  remoteRetentionBy: 'upload',
  deleteOfRequired: 'done',
  resumeQuotesNames: true,
  incompleteWhenRemoteCopyIsMissing: true,
  readsLocalSizes: false,
  deleteCounts: false,
  texts: { ...v2_8_1.texts, alreadyLocal: v2_6_30.texts.alreadyLocal },
};

/** The profile of each version. */
export const versionProfiles: Record<SimulatorVersion, VersionProfile> = {
  '2.4.0': v2_4_0,
  '2.6.30': v2_6_30,
  '2.7.0': v2_7_0,
  '2.8.1': v2_8_1,
};
