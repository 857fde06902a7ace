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
  'envFile',
  'noColor',
  'binary',
  'binaryPath',
  'withoutBase',
] as const;

export type SettingName = (typeof settingNames)[number];

/** The settings that can also be read from a file, such as the one in `CHBACKUP_PASSWORD_FILE`. */
export const fileSettings = ['user', 'password'] as const;

/** The defaults as a user would type them; the default of `--wait` depends on the command. */
export const defaults = {
  logDir: '/var/log/clickhouse-backup',
  timeout: '24h',
  connectTimeout: '60s',
  withoutBase: 'full',
} as const;

/** Returns the variable of a setting: `CHBACKUP_CONNECT_TIMEOUT` for `connectTimeout`. */
export function variableOf(name: SettingName): string {
  return `CHBACKUP_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}
