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

/** `connectTimeout` → `CHBACKUP_CONNECT_TIMEOUT`. */
export function variableOf(name: SettingName): string {
  return `CHBACKUP_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}
