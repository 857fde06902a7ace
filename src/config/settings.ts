import type * as z from 'zod/mini';
import { ConfigError } from '../errors.js';
import { absolutePath } from './files.js';
import type { ClientCertificate } from './certificates.js';
import { parseDurationMs } from './duration.js';
import type { Shard } from './cluster.js';
import type { Host } from './host.js';
import { hostOf, readShards } from './host-setting.js';
import { defaults, fileSettings, type SettingName } from './names.js';
import { schema } from './schema.js';
import { collectSettings, type RawSettings, type Sources } from './sources.js';
import { readOwnCa, readOwnCertificate, refuseTlsOptions } from './tls-options.js';

export interface Settings {
  host: Host;
  /** undefined: no credentials are given, and none are sent. */
  credentials: { user: string; password: string } | undefined;
  logDir: string;
  waitMs: number;
  timeoutMs: number;
  connectTimeoutMs: number;
  /** The CA certificates of `--ca-file`, PEM. */
  ca: string | undefined;
  /** For servers that require one (clickhouse-backup-api.md#client-certificates). */
  clientCertificate: ClientCertificate | undefined;
  insecure: boolean;
  json: boolean;
  quiet: boolean;
  verbose: boolean;
  noColor: boolean;
  /** The path or name of the local program; undefined: the API is used. */
  binaryPath: string | undefined;
  withoutBase: 'full' | 'fail';
  base: 'last' | 'full';
  /** undefined: any number of increments. */
  maxChain: number | undefined;
  findBase: boolean;
  /** How many shards may upload at the same time; undefined: all. */
  parallel: number | undefined;
  /** How old the newest backup may be. */
  maxAgeMs: number;
  /** How old the full backup of its chain may be. */
  maxFullAgeMs: number;
  /** Where metrics files are written; undefined: nowhere. */
  metricsDir: string | undefined;
  /** A secret, with its placeholders; undefined: no pings. */
  pingUrl: string | undefined;
  /** The shards of a cluster; undefined for a single host, which `host` is. */
  shards: readonly Shard[] | undefined;
}

export interface SettingsRequest extends Sources {
  /** The command's default for `--wait`, as a duration. */
  defaultWait: string;
  /** True if the command can use the local program. */
  binaryAllowed: boolean;
  /** True if the command can work on several hosts. */
  clusterAllowed: boolean;
}

/** Reads and checks all settings. Throws `ConfigError` for the first invalid one. */
export async function readSettings(
  request: SettingsRequest,
): Promise<{ settings: Settings; unknown: string[] }> {
  const { raw, unknown } = await collectSettings(request);
  const values = check(raw);
  // A variable that is set for `list` must not fail a create, which does not have the option.
  const local = request.binaryAllowed && (values.binary ?? values.binaryPath !== undefined);
  const binaryPath = local ? (values.binaryPath ?? 'clickhouse-backup') : undefined;
  const user = values.user || undefined;
  if (user === undefined && values.password) {
    throw new ConfigError('a password is set, but no user', {
      hint: 'give the user as the second argument or as CHBACKUP_USER',
    });
  }
  const { quiet = false, verbose = false } = resolveVerbosity(values, request.given);
  if (quiet && verbose) {
    throw new ConfigError('--quiet and --verbose contradict each other', { hint: 'choose one' });
  }
  const shards = readShards(values.host, request.clusterAllowed, binaryPath);
  const host = shards?.[0]?.replicas[0] ?? hostOf(values.host, binaryPath);
  const ca = await readOwnCa(values.caFile, request.cwd);
  const clientCertificate = await readOwnCertificate(values, raw, request.cwd);
  const hosts = shards?.flatMap(({ replicas }) => replicas) ?? [host];
  if (hosts.some(({ baseUrl }) => baseUrl.startsWith('http:'))) refuseTlsOptions(values, raw);
  return {
    settings: {
      host,
      credentials: user === undefined ? undefined : { user, password: values.password ?? '' },
      logDir: absolutePath(values.logDir ?? defaults.logDir, request.cwd),
      waitMs: values.wait ?? parseDurationMs(request.defaultWait) ?? 0,
      timeoutMs: values.timeout ?? parseDurationMs(defaults.timeout) ?? 0,
      connectTimeoutMs: values.connectTimeout ?? parseDurationMs(defaults.connectTimeout) ?? 0,
      ca,
      clientCertificate,
      insecure: values.insecure ?? false,
      json: values.json ?? false,
      quiet,
      verbose,
      noColor: values.noColor ?? false,
      binaryPath,
      withoutBase: values.withoutBase ?? defaults.withoutBase,
      base: values.base ?? defaults.base,
      maxChain: values.maxChain,
      findBase: values.findBase ?? false,
      parallel: values.parallel,
      maxAgeMs: values.maxAge ?? parseDurationMs(defaults.maxAge) ?? 0,
      maxFullAgeMs: values.maxFullAge ?? parseDurationMs(defaults.maxFullAge) ?? 0,
      metricsDir: values.metricsDir && absolutePath(values.metricsDir, request.cwd),
      pingUrl: values.pingUrl,
      shards,
    },
    unknown,
  };
}

/** Lets `--quiet` or `--verbose` on the command line override the variable of the other. */
function resolveVerbosity(
  values: { quiet?: boolean | undefined; verbose?: boolean | undefined },
  given: Sources['given'],
): { quiet?: boolean | undefined; verbose?: boolean | undefined } {
  if (given.verbose !== undefined && given.quiet === undefined) return { verbose: values.verbose };
  if (given.quiet !== undefined && given.verbose === undefined) return { quiet: values.quiet };
  return values;
}

function check(raw: RawSettings): z.output<typeof schema> {
  const texts = Object.fromEntries(
    Object.entries(raw).map(([name, { value }]) => [name, value] as const),
  );
  const result = schema.safeParse(texts);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const name = issue?.path[0] as SettingName;
  const { value, from } = raw[name] ?? { value: '', from: name };
  const [problem = '', hint = ''] = (issue?.message ?? '').split('; ');
  const secret = fileSettings.some((each) => each === name);
  throw new ConfigError(`${from}${secret ? '' : ` ${JSON.stringify(value)}`} ${problem}`, {
    hint,
  });
}
