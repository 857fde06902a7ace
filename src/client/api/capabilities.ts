import type { Capabilities } from '../client.js';
import { capabilitiesOf, since } from '../versions.js';
import { quickMs } from '../limits.js';
import type { ApiConnection } from './connection.js';
import { versionAnswer } from './schemas.js';

/**
 * What the server says it is: `/backup/version` since 2.5.9, before that 404 (§1). A version that
 * is no number is a development build, told by its routes.
 */
export async function readCapabilities(client: ApiConnection): Promise<Capabilities> {
  const path = '/backup/version';
  const answer = await client.get(path, quickMs);
  if (answer.status === 404) return capabilitiesOf(`before ${since.listIsHarmless}`, false);
  if (answer.status !== 200) throw client.responses.refusal(path, answer);
  const { version } = client.responses.parseLine(path, answer.body, versionAnswer);
  const known = capabilitiesOf(version, false);
  if (known.isNumber) return { ...known, listIsHarmless: true };
  const routes = await client.get('/', quickMs);
  return {
    ...capabilitiesOf(version, routes.body.includes('/backup/rebase/{name}')),
    listIsHarmless: true,
  };
}
