import { ChbackupError, InterruptedError } from '../../errors.js';
import type { Replica } from '../context.js';
import type { ReplicaReading } from './facts.js';

/** Reads the lists of all replicas at once. Throws only if a signal stops it. */
export function readReplicas(replicas: readonly Replica[]): Promise<ReplicaReading[]> {
  return Promise.all(replicas.map(readReplica));
}

/** Reads the lists again of the replicas that have shown them. */
export function readAgain(
  replicas: readonly Replica[],
  first: readonly ReplicaReading[],
): Promise<ReplicaReading[]> {
  return Promise.all(
    replicas.map(async (replica, at) => {
      const known = first[at];
      return known?.kind === 'failed' ? known : readReplica(replica);
    }),
  );
}

async function readReplica({ host, server }: Replica): Promise<ReplicaReading> {
  try {
    await server.checkUsable();
    const rows = await server.list('all');
    const running = await server.running();
    const { version } = await server.capabilities();
    return {
      kind: 'read',
      host,
      version,
      rows,
      // Other clients' lists disturb nothing.
      running: running.filter(({ command }) => !/^list( |$)/.test(command)),
    };
  } catch (error) {
    if (!(error instanceof ChbackupError) || error instanceof InterruptedError) throw error;
    return { kind: 'failed', host, error };
  }
}
