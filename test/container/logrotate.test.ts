import { describe, expect, test } from 'vitest';
import { readCronEntries } from './cronfile.js';
import { instructionsOf } from './dockerfile.js';
import { readProjectFile } from './project-files.js';

const logDirectory = '/var/log/clickhouse-backup';

/** Returns the pattern and the directives of the only block in the configuration. */
function readBlock(): { pattern: string; directives: string[] } {
  const text = readProjectFile('logrotate').replaceAll(/^\s*#.*$/gm, '');
  const match = /^\s*(\S+) \{([^{}]*)\}\s*$/.exec(text);
  if (match === null) throw new Error('the configuration does not have exactly one block');
  const [, pattern = '', body = ''] = match;
  return { pattern, directives: body.split('\n').flatMap((line) => line.trim() || []) };
}

describe('the configuration of logrotate', () => {
  const { pattern, directives } = readBlock();

  test('keeps 14 weeks of compressed logs', () => {
    expect(directives).toEqual([
      'su root root',
      'weekly',
      'rotate 14',
      'compress',
      'missingok',
      'notifempty',
      'create',
    ]);
  });

  test('rotates the log files and no hidden files', () => {
    expect(pattern).toBe(`${logDirectory}/*.log`);
  });

  test('is the file that cron passes to logrotate, with a state file that survives the container', () => {
    const [target] = instructionsOf(readProjectFile('Dockerfile')).flatMap((each) =>
      each.name === 'COPY' && each.words.at(-2) === 'logrotate' ? each.words.slice(-1) : [],
    );
    const command = readCronEntries(readProjectFile('cronfile')).at(-1)?.command;
    expect(command).toBe(`logrotate --state ${logDirectory}/.logrotate_state ${target}`);
  });
});
