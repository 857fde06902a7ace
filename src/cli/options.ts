import type { Command } from 'commander';
import { type SettingName, settingNames } from '../config/names.js';
import type { RawSetting } from '../config/sources.js';

export type Given = Partial<Record<SettingName, RawSetting>>;

const connection = ['host', 'user', 'password'] as const;

/** Returns the settings on the command line; a command's last three arguments are the connection. */
export function givenOf(command: Command): Given {
  const given: Given = {};
  const first = command.registeredArguments.length - connection.length;
  for (const [at, name] of connection.entries()) {
    const value = command.args[first + at];
    if (value !== undefined) given[name] = { value, from: `the ${name} argument` };
  }
  for (const option of command.options) {
    const key = option.attributeName();
    const name = option.long === '--no-color' ? 'noColor' : settingNames.find((any) => any === key);
    if (name === undefined || command.getOptionValueSource(key) !== 'cli') continue;
    const value: unknown = command.getOptionValue(key);
    given[name] = {
      value: typeof value === 'string' ? value : 'true',
      from: option.long ?? option.flags,
    };
  }
  return given;
}
