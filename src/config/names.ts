/** Every setting that has a variable; options that select, drop or say yes have none. */
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

/** The settings that a file may contain instead; `CHBACKUP_PASSWORD_FILE` names it. */
export const fileSettings = ['user', 'password'] as const;

/** The defaults as a person would type them; that of `--wait` depends on the command. */
export const defaults = {
  logDir: '/var/log/clickhouse-backup',
  timeout: '24h',
  connectTimeout: '60s',
  withoutBase: 'full',
} as const;

/** `connectTimeout` → `CHBACKUP_CONNECT_TIMEOUT`. */
export function variableOf(name: SettingName): string {
  return `CHBACKUP_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}
