import { describe, expect, test } from 'vitest';
import { readCronEntries } from './cronfile.js';
import { instructionsOf } from './dockerfile.js';
import { readProjectFile } from './project-files.js';

const logDirectory = '/var/log/clickhouse-backup';

/** The one block of the configuration: its pattern, and its directives in order. */
function readBlock(): { pattern: string; directives: string[] } {
  const text = readProjectFile('logrotate').replaceAll(/^\s*#.*$/gm, '');
  const match = /^\s*(\S+) \{([^{}]*)\}\s*$/.exec(text);
  if (match === null) throw new Error('not one block');
  const [, pattern = '', body = ''] = match;
  return { pattern, directives: body.split('\n').flatMap((line) => line.trim() || []) };
}

describe('the configuration of logrotate', () => {
  const { pattern, directives } = readBlock();

  test('keeps 14 weeks, compressed', () => {
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

  test('takes the log files, and no hidden file', () => {
    expect(pattern).toBe(`${logDirectory}/*.log`);
  });

  test('is the file that cron hands to logrotate, with a state that outlives the container', () => {
    const [target] = instructionsOf(readProjectFile('Dockerfile')).flatMap((each) =>
      each.name === 'COPY' && each.words.at(-2) === 'logrotate' ? each.words.slice(-1) : [],
    );
    const command = readCronEntries(readProjectFile('cronfile')).at(-1)?.command;
    expect(command).toBe(`logrotate --state ${logDirectory}/.logrotate_state ${target}`);
  });
});
