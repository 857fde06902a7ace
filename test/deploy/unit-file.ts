/** A setting in a systemd unit. */
export interface UnitSetting {
  section: string;
  name: string;
  value: string;
}

/** Returns the settings of a unit in their order; throws for a line that is not one. */
export function parseUnit(text: string): UnitSetting[] {
  const settings: UnitSetting[] = [];
  let section = '';
  for (const line of text.split('\n')) {
    if (/^\s*([#;]|$)/.test(line)) continue;
    const [, heading] = /^\[(\w+)\]$/.exec(line) ?? [];
    if (heading !== undefined) {
      section = heading;
      continue;
    }
    const [, name, value] = /^([A-Z]\w+)=(.*)$/.exec(line) ?? [];
    if (section === '' || name === undefined || value === undefined || value.endsWith('\\')) {
      throw new Error(`not a setting on one line: ${line}`);
    }
    settings.push({ section, name, value });
  }
  return settings;
}

/** Returns the values of a setting. */
export function valuesOf(unit: readonly UnitSetting[], name: string): string[] {
  return unit.flatMap((setting) => (setting.name === name ? setting.value : []));
}
