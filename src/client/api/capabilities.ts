import type { Capabilities } from '../client.js';
import { capabilitiesOf, since } from '../versions.js';
import { quickMs } from '../limits.js';
import type { ApiConnection } from './connection.js';
import { versionAnswer } from './schemas.js';

/**
 * Returns the server's capabilities, by its version. Servers before 2.5.9 answer 404; that of a
 * proxy would make a run do without what its server can do. A version that is not a number is a development
 * build, recognized by its routes (clickhouse-backup-api.md#version).
 */
export async function readCapabilities(client: ApiConnection): Promise<Capabilities> {
  const path = '/backup/version';
  const answer = await client.getFromServer(path, quickMs);
  if (answer.status === 404) return capabilitiesOf(`before ${since.listIsHarmless}`, false);
  if (answer.status !== 200) throw client.responses.refusal(path, answer);
  const { version } = client.responses.parseLine(path, answer.body, versionAnswer);
  const known = capabilitiesOf(version, false);
  if (known.isNumber) return { ...known, listIsHarmless: true };
  const routes = await client.getFromServer('/', quickMs);
  return {
    ...capabilitiesOf(version, routes.body.includes('/backup/rebase/{name}')),
    listIsHarmless: true,
  };
}
