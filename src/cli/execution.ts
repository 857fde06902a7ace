import type { Host } from '../config/host.js';
import { looksExpanded } from '../config/expanded-host.js';
import { readSettings, type Settings } from '../config/settings.js';
import { type Disk, nodeDisk } from '../state/disk.js';
import { HostFiles } from '../state/host-files.js';
import { LogDirectory } from '../state/log-directory.js';
import { NameGiver } from '../state/name-giver.js';
import { namesTogetherMs } from '../time/intervals.js';
import type { NewHost } from '../client/api/patience.js';
import { canAnimate, type Environment } from './environment.js';
import type { Output } from './ui/output.js';
import type { ShardWatch } from '../notify/monitor.js';
import type { CommandDefinition } from './commands/definition.js';
import type { Monitoring, MonitoringOptions } from './monitoring.js';
import type { Invocation } from './program.js';
import { mayShowHost, orderAdvice } from './typed-host.js';
import type { Spinner } from './ui/spinner.js';
import { ConsoleReporter } from './ui/console-reporter.js';
import { checkTimeZone } from './time-zone.js';
import { expandedHost } from './usage-error.js';

/** What a command is executed with. */
export interface Execution {
  environment: Environment;
  settings: Settings;
  reporter: ConsoleReporter;
  output: Output;
  disk: Disk;
  logDirectory: LogDirectory;
  files: HostFiles;
  /** One for all shards of the command. */
  names: NameGiver;
  /** undefined for a host that has files in the log directory, which an earlier run has reached. */
  newHost: NewHost | undefined;
  /** Returns how messages name a host that no earlier run has reached. */
  nameNewHost: (host: Host) => NewHost;
  /** Aborted with an `InterruptedError` on SIGINT and SIGTERM. */
  signal: AbortSignal;
  /** undefined: the command is not monitored. */
  monitoring: Monitoring | undefined;
  /** That of the single host or of the shard. */
  watch: ShardWatch | undefined;
}

/** Reads the settings of an invocation and creates its reporter. */
export async function prepare(
  { command, given }: Invocation,
  environment: Environment,
  output: Output,
  signal: AbortSignal,
): Promise<Execution> {
  const { host: first, user, password } = given;
  if (looksExpanded(first?.value, user?.value, password?.value)) throw expandedHost();
  const zoneWarning = checkTimeZone(environment.env['TZ'], environment.clock.now());
  const { settings, unknown } = await readSettings({
    given,
    env: environment.env,
    cwd: environment.cwd,
    defaultWait: command.defaultWait,
    binaryAllowed: command.canUseBinary,
    clusterAllowed: command.canUseCluster ?? false,
  });
  if (!settings.noColor) await output.enableColors();
  const { host, logDir } = settings;
  const disk = environment.disk ?? nodeDisk(environment.env['PATH']);
  const files = new HostFiles(disk, logDir, host.fileName, host.agentFileName);
  const names = new NameGiver({
    disk,
    folder: logDir,
    clock: environment.clock,
    signal,
    togetherMs: (settings.shards ?? []).length > 1 ? namesTogetherMs : 0,
  });
  const isLocal = settings.binaryPath !== undefined;
  const isKnown = !isLocal && files.exist();
  const isShown = isLocal || isKnown || mayShowHost(given, host);
  const spinner = await openSpinner(environment, settings);
  const reporter = new ConsoleReporter({
    output,
    clock: environment.clock,
    host: settings.shards === undefined ? host.label : '',
    mayShowHost: isShown,
    quiet: settings.quiet,
    verbose: settings.verbose,
    json: settings.json,
    onStep: environment.onStep,
    spinner,
  });
  environment.setTitle(
    ['chbackup', command.name, ...(isShown ? [given.host?.value ?? host.label] : [])].join(' '),
  );
  if (zoneWarning !== undefined) reporter.warn(zoneWarning);
  if (unknown.length > 0) {
    reporter.warn(`ignoring unknown setting${unknown.length > 1 ? 's' : ''} ${unknown.join(', ')}`);
  }
  const nameNewHost = (one: Host): NewHost =>
    isLocal || mayShowHost(given, one)
      ? { label: one.label, advice: undefined }
      : { label: 'the host given as an argument', advice: orderAdvice(given) };
  const newHost = isKnown ? undefined : nameNewHost(host);
  const logDirectory = new LogDirectory(disk, logDir);
  const shared = { environment, settings, reporter, output, disk, files, signal };
  const monitoring = await monitor(command, shared);
  const watch = monitoring?.host;
  return { ...shared, logDirectory, names, newHost, nameNewHost, monitoring, watch };
}

/** Loaded only for a command that has something to tell. */
async function monitor(
  command: CommandDefinition,
  parts: Omit<MonitoringOptions, 'command'>,
): Promise<Monitoring | undefined> {
  const { metricsDir, pingUrl } = parts.settings;
  const isWanted = metricsDir !== undefined || pingUrl !== undefined;
  if (command.monitoring === undefined || !isWanted) return undefined;
  const { openMonitoring } = await import('./monitoring.js');
  return openMonitoring({ command, ...parts });
}

/** Loaded only where there is a terminal for it. A cluster has its own lines. */
async function openSpinner(
  environment: Environment,
  { json, quiet, shards }: Settings,
): Promise<Spinner | undefined> {
  if (json || quiet || shards !== undefined || !canAnimate(environment)) return undefined;
  const { createSpinner } = await import('./ui/spinner.js');
  return createSpinner(environment.stderr);
}
