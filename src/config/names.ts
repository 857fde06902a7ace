/** The settings that have an environment variable; options that select, drop or confirm have none. */
export const settingNames = [
  'host',
  'user',
  'password',
  'logDir',
  'wait',
  'timeout',
  'connectTimeout',
  'caFile',
  'certFile',
  'keyFile',
  'insecure',
  'json',
  'quiet',
  'verbose',
  'settings',
  'noColor',
  'binary',
  'binaryPath',
  'withoutBase',
  'base',
  'maxChain',
  'findBase',
  'parallel',
  'maxAge',
  'maxFullAge',
  'metricsDir',
  'pingUrl',
] as const;

export type SettingName = (typeof settingNames)[number];

/** Earlier names of settings, which are accepted but not shown: `--env-file`, `CHBACKUP_ENV_FILE`. */
export const earlierNames: readonly { earlier: string; name: SettingName }[] = [
  { earlier: 'envFile', name: 'settings' },
];

/**
 * The settings that can also be read from a file, such as the one in `CHBACKUP_PASSWORD_FILE`. Messages
 * never repeat their values.
 */
export const fileSettings = ['user', 'password', 'pingUrl'] as const;

/** The meaning of the settings without an option, because `ps` would show the secret in them. */
export const variableMeanings: Partial<Record<SettingName, string>> = {
  pingUrl:
    'URL to ping when a backup run or a check starts and ends, for example of healthchecks.io',
};

/** The defaults as a user would type them; the default of `--wait` depends on the command. */
export const defaults = {
  logDir: '/var/log/clickhouse-backup',
  timeout: '24h',
  connectTimeout: '60s',
  withoutBase: 'full',
  base: 'last',
  maxAge: '5h',
  maxFullAge: '8d',
} as const;

/** Returns the variable of a setting: `CHBACKUP_CONNECT_TIMEOUT` for `connectTimeout`. */
export function variableOf(name: string): string {
  return `CHBACKUP_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}
