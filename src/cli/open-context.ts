import type { CreateContext, CommandContext, Replica } from '../use-cases/context.js';
import { withStepOfWaiting } from '../use-cases/step-of-waiting.js';
import { WaitBudget } from '../time/waiting.js';
import type { Settings } from '../config/settings.js';
import type { Transport } from '../http/transport.js';
import { openServer } from '../client/api/open.js';
import type { GivenCredentials } from '../client/api/unauthorized.js';
import type { BackupServer } from '../client/client.js';
import { LogDirectory } from '../state/log-directory.js';
import { LogFile } from '../state/log-file.js';
import type { Environment } from './environment.js';
import type { Execution } from './execution.js';
import { createRedactor } from './redaction.js';

/**
 * Opens what create-full and create-diff work with. `onReplicas`: the execution on each replica of a
 * shard, the preferred one first; they differ in their host only.
 */
export async function openCreateContext(
  onReplicas: readonly Execution[],
  takeUploadTurn: CreateContext['takeUploadTurn'] = (upload) => upload(),
): Promise<CreateContext> {
  const [first] = onReplicas;
  if (first === undefined) throw new Error('a shard has at least one replica');
  const opened = openParts(first);
  const parts = { ...opened, report: withStepOfWaiting(opened.report) };
  const replicas = await Promise.all(
    onReplicas.map(async (each): Promise<Replica> => {
      const { fileName: name, label: host } = each.settings.host;
      return { name, host, server: await openApi(each, parts, false) };
    }),
  );
  const [replica] = replicas;
  if (replica === undefined) throw new Error('a shard has at least one replica');
  const { server } = replica;
  return { ...parts, replicas, replica, client: server, server, takeUploadTurn };
}

/** The same for commands that can also use the local program. */
export async function openContext(
  execution: Execution,
  listWhileBusy = false,
): Promise<CommandContext & { server: BackupServer | undefined }> {
  const { binaryPath, timeoutMs } = execution.settings;
  const parts = openParts(execution);
  if (binaryPath === undefined) {
    const server = await openApi(execution, parts, listWhileBusy);
    return { ...parts, client: server, server };
  }
  const { createBinaryClient } = await import('../client/binary/binary-client.js');
  // The program itself needs no working directory.
  const { env, cwd = '/', startProgram } = execution.environment;
  return {
    ...parts,
    server: undefined,
    client: createBinaryClient({
      ...parts,
      path: binaryPath,
      env,
      cwd,
      start: startProgram,
      observer: execution.reporter,
      timeoutMs,
    }),
  };
}

type Parts = Omit<CommandContext, 'client'> & { redact: (text: string) => string };

/** Opens no connection and writes nothing. */
function openParts({ environment, settings, reporter, disk, files, signal }: Execution): Parts {
  const redact = createRedactor(settings.credentials);
  const log = new LogFile(disk, files.logFile, redact);
  const wait = new WaitBudget(settings.waitMs);
  reporter.keepIn(log);
  return {
    host: settings.host.label,
    clock: environment.clock,
    signal,
    wait,
    logDirectory: new LogDirectory(disk, settings.logDir),
    files,
    log,
    report: reporter,
    deleteLocalCommand: (backup) => deleteLocalCommand(settings, backup),
    redact,
  };
}

async function openApi(
  { environment, settings, newHost }: Execution,
  parts: Parts,
  listWhileBusy: boolean,
): Promise<BackupServer> {
  return openServer({
    ...parts,
    transport: await openTransport(environment, settings),
    observer: parts.report,
    label: settings.host.label,
    newHost,
    credentials: givenCredentials(settings),
    timeoutMs: settings.timeoutMs,
    connectTimeoutMs: settings.connectTimeoutMs,
    listWhileBusy,
  });
}

function givenCredentials({ credentials }: Settings): GivenCredentials {
  if (credentials === undefined) return 'none';
  return credentials.password === '' ? 'user' : 'user and password';
}

/** Loads got only for commands that send requests, because loading it takes longer than the rest. */
async function openTransport(environment: Environment, settings: Settings): Promise<Transport> {
  if (environment.transport !== undefined) return environment.transport(settings);
  const { createGotTransport } = await import('../http/got-transport.js');
  return createGotTransport({
    baseUrl: settings.host.baseUrl,
    credentials: settings.credentials,
    ca: settings.ca,
    clientCertificate: settings.clientCertificate,
    insecure: settings.insecure,
  });
}

/** Returns the command that deletes a local copy, as it has to be typed for this host. */
function deleteLocalCommand({ host, binaryPath }: Settings, backup: string): string {
  const connection = binaryPath === undefined ? host.label : binaryOptions(binaryPath, host.label);
  return `chbackup delete-local ${connection} --name ${backup}`;
}

function binaryOptions(binaryPath: string, label: string): string {
  const option = binaryPath === 'clickhouse-backup' ? '--binary' : `--binary-path ${binaryPath}`;
  return label === 'local' ? option : `${label} ${option}`;
}
