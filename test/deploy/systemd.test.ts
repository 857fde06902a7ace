import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseCluster } from '../../src/config/cluster.js';
import { defaults } from '../../src/config/names.js';
import { exitCodes } from '../../src/errors.js';
import { readCronEntries } from '../container/cronfile.js';
import { projectPath, readProjectFile } from '../container/project-files.js';
import { cronOf } from './calendar.js';
import { commandOf, unknownVariablesIn } from './sample-commands.js';
import { parseUnit, valuesOf } from './unit-file.js';

const folder = 'deploy/systemd';
const readUnit = (name: string) => parseUnit(readProjectFile(`${folder}/${name}`));

const services = ['chbackup-diff.service', 'chbackup-full.service', 'chbackup-check.service'];
const backups = services.slice(0, 2);
const timers = services.map((name) => name.replace('.service', '.timer'));

describe('the systemd units', () => {
  test('there is a service and a timer for each, and a file of settings', () => {
    expect(readdirSync(projectPath(folder)).toSorted()).toEqual(
      [...services, ...timers, 'chbackup.env'].toSorted(),
    );
  });

  test.for([
    ['chbackup-diff.service', 'create-diff'],
    ['chbackup-full.service', 'create-full'],
    ['chbackup-check.service', 'check'],
  ] as const)('%s runs %s', ([name, command]) => {
    const [start = '', ...more] = valuesOf(readUnit(name), 'ExecStart');
    expect(more).toEqual([]);
    const [program, ...argv] = start.split(' ');
    expect(program).toBe('/usr/local/bin/chbackup');
    expect(commandOf(argv)).toBe(command);
  });

  test.for(services)('%s has each setting once, in the section where it belongs', (name) => {
    const unit = readUnit(name);
    const names = unit.map((setting) => setting.name);
    expect(names.toSorted()).toEqual([...new Set(names)].toSorted());
    const ofUnit = ['Description', 'Wants', 'After', 'StartLimitIntervalSec', 'StartLimitBurst'];
    for (const setting of unit) {
      expect([setting.name, setting.section]).toEqual([
        setting.name,
        ofUnit.includes(setting.name) ? 'Unit' : 'Service',
      ]);
    }
  });

  test('all services run as the same user, in the same sandbox, with the same files', () => {
    const own = ['Description', 'ExecStart', 'TimeoutStartSec', 'SuccessExitStatus'];
    const isOwn = (name: string) =>
      own.includes(name) || /^(Restart(Sec|Prev|$)|StartLi)/.test(name);
    const [diff, full, check] = services.map((name) =>
      readUnit(name).filter((setting) => !isOwn(setting.name)),
    );
    expect(diff?.length).toBeGreaterThan(30);
    expect(full).toEqual(diff);
    expect(check).toEqual(diff);
  });

  test.for(services)('%s reads the password from a credential', (name) => {
    const unit = readUnit(name);
    const [credential = ''] = valuesOf(unit, 'LoadCredential');
    const [id, source] = credential.split(':');
    expect(source).toBe('/etc/chbackup/password');
    expect(valuesOf(unit, 'Environment')).toEqual([`CHBACKUP_PASSWORD_FILE=%d/${id}`]);
  });

  test.for(services)('%s lets Node.js compile, and systemd make the log directory', (name) => {
    const unit = readUnit(name);
    expect(valuesOf(unit, 'MemoryDenyWriteExecute')).toEqual([]);
    expect(readProjectFile(`${folder}/${name}`)).toMatch(/# Do not add MemoryDenyWriteExecute=yes/);
    // With EPERM, a system call that Node.js can do without does not kill it.
    expect(valuesOf(unit, 'SystemCallErrorNumber')).toEqual(['EPERM']);
    expect(valuesOf(unit, 'ProtectSystem')).toEqual(['strict']);
    expect(`/var/log/${valuesOf(unit, 'LogsDirectory').join()}`).toBe(defaults.logDir);
  });

  test('a backup has no limit of time, because chbackup has its own', () => {
    const limits = services.map((name) => valuesOf(readUnit(name), 'TimeoutStartSec').join());
    expect(limits).toEqual(['infinity', 'infinity', '5min']);
  });

  test('busy is a success for the DIFF only, and the FULL is tried again', () => {
    const [diff, full, check] = services.map(readUnit);
    expect(valuesOf(diff ?? [], 'SuccessExitStatus')).toEqual([String(exitCodes.busy)]);
    expect(valuesOf(full ?? [], 'SuccessExitStatus')).toEqual([]);
    expect(valuesOf(check ?? [], 'SuccessExitStatus')).toEqual([]);
    expect(valuesOf(full ?? [], 'Restart')).toEqual(['on-failure']);
    expect(valuesOf(full ?? [], 'RestartPreventExitStatus')).toEqual([
      `${exitCodes.usage} ${exitCodes.unauthorized}`,
    ]);
    expect(valuesOf(full ?? [], 'ExecStart').join()).toContain(' --if-older-than 20h ');
  });

  test.for(timers)('%s starts its service, at times that cron can express', (name) => {
    const unit = readUnit(name);
    // Without Unit=, a timer starts the service of its own name.
    expect(valuesOf(unit, 'Unit')).toEqual([]);
    expect(valuesOf(unit, 'WantedBy')).toEqual(['timers.target']);
    const times = valuesOf(unit, 'OnCalendar');
    expect(times).not.toEqual([]);
    expect(times.filter((time) => !(time in cronOf))).toEqual([]);
  });

  test('the timers have the schedule of the cronfile', () => {
    const entries = readCronEntries(readProjectFile('cronfile')).filter((entry) => entry.active);
    for (const service of backups) {
      const [start = ''] = valuesOf(readUnit(service), 'ExecStart');
      const command = commandOf(start.split(' ').slice(1));
      const unit = readUnit(service.replace('.service', '.timer'));
      const times = valuesOf(unit, 'OnCalendar').map((time) => cronOf[time]);
      const own = entries.filter((entry) => entry.command.startsWith(`chbackup ${command} `));
      expect(times).toEqual(own.map((entry) => entry.schedule));
      expect(valuesOf(unit, 'Persistent')).toEqual(['true']);
    }
  });
});

describe('chbackup.env', () => {
  const text = readProjectFile(`${folder}/chbackup.env`);

  test('is the file that the services read', () => {
    for (const name of services) {
      expect(valuesOf(readUnit(name), 'EnvironmentFile')).toEqual(['/etc/chbackup/chbackup.env']);
    }
  });

  test.for([...services, 'chbackup.env'])('%s names only settings of chbackup', (name) => {
    const used = readProjectFile(`${folder}/${name}`);
    expect(used).toContain('CHBACKUP_');
    expect(unknownVariablesIn(used)).toEqual([]);
  });

  test('has a host and a user, and no password', () => {
    expect(text).toMatch(/^CHBACKUP_USER='\w+'$/m);
    expect(text).not.toMatch(/CHBACKUP_PASSWORD/);
    const hosts = [...text.matchAll(/^(?:# )?CHBACKUP_HOST='(.*)'$/gm)].map(
      ([, host = '']) => host,
    );
    expect(hosts.map((host) => parseCluster(host).length)).toEqual([3, 1]);
  });
});
