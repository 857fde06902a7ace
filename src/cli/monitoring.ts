import type { HostFiles } from '../state/host-files.js';
import type { Disk } from '../state/disk.js';
import { LogFile } from '../state/log-file.js';
import { StateError } from '../errors.js';
import type { Settings } from '../config/settings.js';
import type { Transport } from '../http/transport.js';
import { describeFailures } from '../notify/failure-text.js';
import { openMetricsFolder } from '../notify/metrics-folder.js';
import { Monitor, type MonitoringFailure, type ShardWatch } from '../notify/monitor.js';
import { type PingAddress, urlFor } from '../notify/ping-address.js';
import type { CommandDefinition } from './commands/definition.js';
import type { Environment } from './environment.js';
import { createRedactor } from './redaction.js';
import { presentableError } from './unexpected-error.js';
import type { ConsoleReporter } from './ui/console-reporter.js';

/** A shard, or the single host, as its execution knows it. */
interface ShardParts {
  /** HOST as in file names. */
  name: string;
  /** undefined if they cannot be read. */
  files: HostFiles | undefined;
  reporter: ConsoleReporter;
}

/** Pings and metrics files of a command. Nothing here throws or changes an exit code. */
export interface Monitoring {
  /** The watch of a single host; undefined for a cluster. */
  host: ShardWatch | undefined;
  /** Begins to watch a shard; call it before the shard's work begins. */
  watch(shard: ShardParts): ShardWatch;
  /** Sends and writes the rest, and warns if something failed. */
  finish(exitCode: number): Promise<void>;
}

export interface MonitoringOptions {
  command: CommandDefinition;
  environment: Environment;
  settings: Settings;
  reporter: ConsoleReporter;
  disk: Disk;
  files: HostFiles;
  signal: AbortSignal;
}

/** Opens the monitoring of a command that has any. */
export function openMonitoring(options: MonitoringOptions): Monitoring {
  const { command, environment, settings, reporter, disk, files, signal } = options;
  const { metricsDir } = settings;
  const redact = createRedactor(settings);
  const monitor = new Monitor({
    command: command.name,
    pingUrl: urlFor(command.monitoring ?? 'run', settings.pingUrl),
    folder:
      metricsDir === undefined
        ? undefined
        : (environment.metricsFolder ?? openMetricsFolder)(metricsDir),
    openTransport: (address) => openPingTransport(environment, address),
    clock: environment.clock,
    signal,
    redact,
  });
  const shards: ShardParts[] = [];
  const watch = (shard: ShardParts): ShardWatch => {
    shards.push(shard);
    const watched = monitor.watch({
      name: shard.name,
      isShown: () => shard.reporter.visibleHost !== '',
      readStatus: () => readStatus(shard.files),
    });
    shard.reporter.keepLines((line) => {
      watched.lines.add(line);
      monitor.lines.add(line);
    });
    return watched;
  };
  if (settings.shards !== undefined) reporter.keepLines((line) => monitor.lines.add(line));
  const host =
    settings.shards === undefined ? watch({ name: files.owner, files, reporter }) : undefined;
  return {
    host,
    watch,
    async finish(exitCode) {
      try {
        host?.end(exitCode);
        const failures = await monitor.finish(exitCode);
        const text = describeFailures(failures);
        if (text === undefined) return;
        // What was given up, such as a name lookup, may still keep the process running.
        environment.onLeftover?.();
        reporter.warn(redact(text));
        // A check changes no file of the log directory.
        if (command.monitoring === 'check') return;
        for (const shard of shards) logFailures(shard, failures, disk, redact);
      } catch (error) {
        environment.onLeftover?.();
        reporter.warn(`the monitoring failed: ${presentableError(error).message}`);
      }
    },
  };
}

function readStatus(files: HostFiles | undefined) {
  try {
    return files?.readStatus();
  } catch (error) {
    if (error instanceof StateError) return undefined;
    throw error;
  }
}

/** Only the CA certificates of the system are trusted: the server's settings are not for this host. */
function openPingTransport({ pingTransport }: Environment, address: PingAddress): Transport {
  const { baseUrl, credentials } = address;
  if (pingTransport !== undefined) return pingTransport(baseUrl);
  // got is loaded when the first request is sent.
  const opening = import('../http/got-transport.js').then(({ createGotTransport }) => {
    const options = { ca: undefined, clientCertificate: undefined, insecure: false };
    return createGotTransport({ baseUrl, credentials, ...options });
  });
  return async (request, signal) => (await opening)(request, signal);
}

/** Writes what failed into the log of a shard, unless an unreachable new host has none. */
function logFailures(
  { name, files }: ShardParts,
  failures: readonly MonitoringFailure[],
  disk: Disk,
  redact: (text: string) => string,
): void {
  const text = describeFailures(failures.filter(({ shard = name }) => shard === name));
  if (text === undefined || files === undefined || !files.exist()) return;
  new LogFile(disk, files, redact).error('WARNING', redact(text));
}
