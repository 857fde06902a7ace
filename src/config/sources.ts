import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ConfigError } from '../errors.js';
import { settingNames, variableOf, type SettingName } from './names.js';

/** A raw setting and where it came from, for messages; the value itself is not checked yet. */
export interface RawSetting {
  value: string;
  from: string;
  /** A file that holds the value; read only if nothing stronger is given. */
  file?: string;
}

export type RawSettings = Partial<Record<SettingName, RawSetting>>;

export interface Sources {
  /** Positional arguments and options, by setting name, as given; absent ones left out. */
  given: Partial<Record<SettingName, RawSetting>>;
  env: Record<string, string | undefined>;
  cwd: string;
}

const fileSettings = ['user', 'password'] as const;

/**
 * Brings the settings together, strongest first: argument or option, `CHBACKUP_*` variable, the
 * file of `--env-file` or else `.env` in the working directory. Defaults belong to the schema.
 */
export async function collectSettings(
  sources: Sources,
): Promise<{ raw: RawSettings; unknown: string[] }> {
  const fromEnvironment = readVariables(sources.env, sources.cwd, '');
  const envFile = sources.given.envFile ?? fromEnvironment.envFile;
  const fileName = envFile?.value ?? '.env';
  const file = await readEnvFile(path.resolve(sources.cwd, fileName), envFile !== undefined);
  const fromFile = readVariables(file, sources.cwd, ` in ${fileName}`);
  const raw: RawSettings = { ...fromFile, ...fromEnvironment, ...sources.given };
  for (const name of fileSettings) {
    const setting = raw[name];
    if (setting?.file !== undefined) setting.value = readSecretFile(setting.file, setting.from);
  }
  return {
    raw,
    unknown: unknownVariables({ ...file, ...sources.env }),
  };
}

function readVariables(
  variables: Record<string, string | undefined>,
  cwd: string,
  where: string,
): RawSettings {
  const raw: RawSettings = {};
  for (const name of settingNames) {
    const variable = variableOf(name);
    const value = variables[variable];
    if (value !== undefined && value !== '') raw[name] = { value, from: variable + where };
  }
  for (const name of fileSettings) {
    const variable = `${variableOf(name)}_FILE`;
    const file = variables[variable];
    if (file === undefined || file === '') continue;
    if (raw[name] !== undefined) {
      throw new ConfigError(`both ${variableOf(name)} and ${variable} are set${where}`, {
        hint: 'keep one of them',
      });
    }
    raw[name] = { value: '', from: variable, file: path.resolve(cwd, file) };
  }
  return raw;
}

/** The value in a secret's file, without the one line end that editors and `echo` put there. */
function readSecretFile(file: string, variable: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new ConfigError(`the file that ${variable} names cannot be read: ${codeOf(error)}`, {
      hint: `check the path and its permissions: ${file}`,
      cause: error,
    });
  }
}

async function readEnvFile(file: string, required: boolean): Promise<Record<string, string>> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (!required && codeOf(error) === 'ENOENT') return {};
    throw new ConfigError(`the settings file ${file} cannot be read: ${codeOf(error)}`, {
      hint: 'check --env-file, or the permissions of .env',
      cause: error,
    });
  }
  // Only now: loading it loads node:crypto, a tenth of a start.
  const { parse } = await import('dotenv');
  return parse(text);
}

/**
 * Variables that look like ours but are none: most likely a slip of the pen. Not those that
 * Kubernetes sets for a service of our name.
 */
function unknownVariables(env: Record<string, string | undefined>): string[] {
  const known = new Set(settingNames.map(variableOf));
  for (const name of fileSettings) known.add(`${variableOf(name)}_FILE`);
  return Object.keys(env).filter(
    (name) => /^CHBACKUP_(?!(SERVICE|PORT)(_|$))/.test(name) && !known.has(name),
  );
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'error';
}
