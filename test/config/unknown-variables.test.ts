import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test as plain } from 'vitest';
import { settingNames, variableOf } from '../../src/config/names.js';
import { unknownVariables } from '../../src/config/unknown-variables.js';
import { test } from '../support/harness.js';

/** Returns the variables that Kubernetes sets in every container for a service with one named port. */
function variablesOf(service: string, protocol = 'TCP'): Record<string, string> {
  const name = service.toUpperCase().replaceAll('-', '_');
  const port = `${name}_PORT_7171_${protocol}`;
  const url = `${protocol.toLowerCase()}://10.96.0.7:7171`;
  return {
    [`${name}_SERVICE_HOST`]: '10.96.0.7',
    [`${name}_SERVICE_PORT`]: '7171',
    [`${name}_SERVICE_PORT_HTTP_API`]: '7171',
    [`${name}_PORT`]: url,
    [port]: url,
    [`${port}_PROTO`]: protocol.toLowerCase(),
    [`${port}_PORT`]: '7171',
    [`${port}_ADDR`]: '10.96.0.7',
  };
}

describe('variables of a Kubernetes service', () => {
  plain.for([
    'chbackup',
    'chbackup-api',
    'chbackup-log',
    'chbackup-api-port',
    'chbackup-user-file',
  ])('named %s are ignored', (service) => {
    for (const protocol of ['TCP', 'UDP', 'SCTP']) {
      expect(unknownVariables(variablesOf(service, protocol))).toEqual([]);
    }
  });

  plain('never have the name of a setting', () => {
    for (const name of settingNames) {
      expect(variableOf(name)).not.toMatch(/_(SERVICE_HOST|SERVICE_PORT|PORT)$/);
      expect(unknownVariables({ [variableOf(name)]: 'x' })).toEqual([]);
    }
    expect(unknownVariables({ CHBACKUP_ENV_FILE: 'x' })).toEqual([]);
  });
});

plain.for([
  ['CHBACKUP_PASSWROD', 'x'],
  ['CHBACKUP_CONNECT_TIMEOUTS', '5s'],
  ['CHBACKUP_PORT', '7171'],
  ['CHBACKUP_API_PORT', '7171'],
  ['CHBACKUP_HSOT', 'tcp://10.96.0.7:7171'],
  ['CHBACKUP_SERVICE', 'x'],
  ['CHBACKUP_HOST_FILE', 'x'],
  ['CHBACKUP_YES', '1'],
  ['CHBACKUP_', ''],
] as const)('%s=%s looks like a setting and is unknown', ([name, value]) => {
  expect(unknownVariables({ [name]: value, CHBACKUPX: '1', OTHER: '1' })).toEqual([name]);
});

test('prints one warning with all unknown settings, even with --quiet, and ignores them', async ({
  harness,
}) => {
  writeFileSync(path.join(harness.folder, '.env'), 'CHBACKUP_PASWORD=geheim\nOTHER=1\n');
  harness.env = { CHBACKUP_TIMOUT: '1h', ...variablesOf('chbackup-api') };
  const { code, stderr } = await harness.run('create-full', '--quiet');
  expect(code).toBe(0);
  expect(stderr).toMatch(
    /^\S+ \S+ \S+ \[WARNING\] ignoring unknown settings CHBACKUP_PASWORD, CHBACKUP_TIMOUT\n$/,
  );
});

test('prints a warning in the singular for one unknown setting', async ({ harness }) => {
  harness.env = { CHBACKUP_TIMOUT: '1h' };
  const { stderr } = await harness.run('create-full');
  expect(stderr).toContain('[WARNING] ignoring unknown setting CHBACKUP_TIMOUT\n');
});
