import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { parseCluster } from '../../src/config/cluster.js';
import { defaults } from '../../src/config/names.js';
import { exitCodes } from '../../src/errors.js';
import { readCronEntries } from '../container/cronfile.js';
import { readProjectFile } from '../container/project-files.js';
import { commandOf, unknownVariablesIn } from './sample-commands.js';

interface PodSpec {
  restartPolicy: string;
  automountServiceAccountToken: boolean;
  enableServiceLinks: boolean;
  affinity?: unknown;
  securityContext: Record<string, unknown>;
  containers: [
    {
      args: string[];
      workingDir: string;
      envFrom: unknown;
      securityContext: unknown;
      volumeMounts: { name: string; mountPath: string; readOnly?: boolean }[];
    },
  ];
  volumes: {
    name: string;
    persistentVolumeClaim?: { claimName: string };
    emptyDir?: object;
    secret?: { secretName: string; defaultMode: number };
  }[];
}

interface CronJob {
  kind: 'CronJob';
  metadata: { name: string };
  spec: {
    schedule: string;
    timeZone: string;
    concurrencyPolicy: string;
    startingDeadlineSeconds: number;
    jobTemplate: {
      spec: {
        backoffLimit: number;
        activeDeadlineSeconds: number;
        podFailurePolicy?: { rules: { onExitCodes?: { values: number[] } }[] };
        template: { metadata: { labels: Record<string, string> }; spec: PodSpec };
      };
    };
  };
}

interface ConfigMap {
  kind: 'ConfigMap';
  metadata: { name: string };
  data: Record<string, string>;
}

interface Claim {
  kind: 'PersistentVolumeClaim';
  metadata: { name: string };
}

const files = ['chbackup.yaml', 'chbackup-without-volume.yaml'];
const readSample = (name: string) => readProjectFile(`deploy/kubernetes/${name}`);

function readManifest(name: string) {
  // kubectl reads YAML 1.1, in which 0440 is octal.
  const documents = parseAllDocuments(readSample(name), { version: '1.1' });
  expect(documents.flatMap((document) => [...document.errors, ...document.warnings])).toEqual([]);
  const all = documents.map((document) => document.toJS() as CronJob | ConfigMap | Claim);
  return {
    jobs: all.filter((each) => each.kind === 'CronJob'),
    claims: all.filter((each) => each.kind === 'PersistentVolumeClaim'),
    settings: all.find((each) => each.kind === 'ConfigMap')?.data ?? {},
  };
}

const jobSpecOf = (job: CronJob) => job.spec.jobTemplate.spec;
const podOf = (job: CronJob) => jobSpecOf(job).template.spec;
const argsOf = (job: CronJob) => podOf(job).containers[0].args;
const isCheck = (job: CronJob) => argsOf(job).includes('check');

describe.for(files)('deploy/kubernetes/%s', (name) => {
  const { jobs, settings } = readManifest(name);
  const backups = jobs.filter((job) => !isCheck(job));

  test('has the schedule of the cronfile, a second try of the FULL, and a check', () => {
    const entries = readCronEntries(readProjectFile('cronfile')).filter((entry) => entry.active);
    const timesOf = (command: string) =>
      entries
        .filter((entry) => entry.command.startsWith(`chbackup ${command} `))
        .map((entry) => entry.schedule);
    expect(jobs.map((job) => [job.metadata.name, argsOf(job)[1], job.spec.schedule])).toEqual([
      ...[['chbackup-diff', 'create-diff', timesOf('create-diff')[0]]],
      ...[['chbackup-diff-saturday', 'create-diff', timesOf('create-diff')[1]]],
      ...[['chbackup-full', 'create-full', timesOf('create-full')[0]?.replace(' 20 ', ' 20,23 ')]],
      ...[['chbackup-check', 'check', '45 * * * *']],
    ]);
    for (const job of jobs) expect(job.spec.timeZone).toBe(settings['TZ']);
  });

  test('each command line is understood, in the image without crond', () => {
    // The entry point of the image is tini, which runs the arguments.
    expect(readProjectFile('Dockerfile')).toContain('ENTRYPOINT ["/sbin/tini", "--"]');
    for (const job of jobs) {
      const [program, ...argv] = argsOf(job);
      expect(program).toBe('chbackup');
      expect(commandOf(argv)).toBe(argv[0]);
    }
  });

  test('no run of a job starts during another, and none blocks the later ones forever', () => {
    for (const job of jobs) {
      expect(job.spec.concurrencyPolicy).toBe('Forbid');
      expect(job.spec.startingDeadlineSeconds).toBeGreaterThan(0);
      expect(jobSpecOf(job).activeDeadlineSeconds).toBeGreaterThan(0);
    }
  });

  test('a failed backup is tried again, but not if it was recorded or can only fail again', () => {
    for (const job of backups) {
      const age = argsOf(job).includes('create-full') ? '20h' : '50m';
      expect(argsOf(job).join(' ')).toContain(`--if-older-than ${age}`);
      expect(jobSpecOf(job).backoffLimit).toBe(2);
      const codes = jobSpecOf(job).podFailurePolicy?.rules.flatMap(
        (rule) => rule.onExitCodes?.values ?? [],
      );
      expect(codes).toEqual([exitCodes.usage, exitCodes.unauthorized]);
    }
    for (const job of jobs.filter(isCheck)) expect(jobSpecOf(job).backoffLimit).toBe(0);
    // podFailurePolicy requires it, and the logs of a failed pod stay readable.
    for (const job of jobs) expect(podOf(job).restartPolicy).toBe('Never');
  });

  test('all pods are alike but for their arguments', () => {
    const [first, ...others] = jobs.map((job) => {
      const pod = structuredClone(podOf(job));
      pod.containers[0].args = [];
      return { ...jobSpecOf(job).template, spec: pod };
    });
    expect(others).toHaveLength(3);
    for (const other of others) expect(other).toEqual(first);
  });

  test('a pod has no more rights than it needs', () => {
    const [job] = jobs as [CronJob];
    const pod = podOf(job);
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(pod.enableServiceLinks).toBe(false);
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(pod.containers).toHaveLength(1);
    expect(pod.containers[0].securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(pod.containers[0].workingDir).toBe('/');
    expect(pod.containers[0].envFrom).toEqual([{ configMapRef: { name: 'chbackup' } }]);
  });

  test('the password is a file that the group of the pod can read', () => {
    const [job] = jobs as [CronJob];
    const mount = podOf(job).containers[0].volumeMounts.find((each) => each.name === 'secret');
    const volume = podOf(job).volumes.find((each) => each.name === 'secret');
    expect(mount?.readOnly).toBe(true);
    expect(volume?.secret).toEqual({ secretName: 'chbackup', defaultMode: 0o440 });
    expect(podOf(job).securityContext['fsGroup']).toBe(podOf(job).securityContext['runAsGroup']);
    expect(settings['CHBACKUP_PASSWORD_FILE']).toBe(`${mount?.mountPath}/password`);
    expect(readSample(name)).toContain('create secret generic chbackup --from-file=password=FILE');
  });

  test('the settings are known, and each host is a quoted text', () => {
    expect(unknownVariablesIn(readSample(name))).toEqual([]);
    const hosts = [...readSample(name).matchAll(/^ *(?:# )?CHBACKUP_HOST: (.*)$/gm)];
    expect(hosts.map(([, host = '']) => host[0])).toEqual(["'", "'"]);
    const shards = hosts.map(([, host = '']) => parseCluster(host.slice(1, -1)).length);
    expect(shards).toEqual([3, 1]);
    expect(settings['CHBACKUP_PASSWORD']).toBeUndefined();
  });

  test('the log directory is a mounted volume', () => {
    const [job] = jobs as [CronJob];
    const mount = podOf(job).containers[0].volumeMounts.find((each) => each.name === 'log');
    expect(mount).toEqual({ name: 'log', mountPath: defaults.logDir });
  });
});

test('with a volume, all pods share the claim, and run on the node that has it', () => {
  const { jobs, claims } = readManifest('chbackup.yaml');
  expect(claims.map((claim) => claim.metadata.name)).toEqual(['chbackup-log']);
  for (const job of jobs) {
    const volume = podOf(job).volumes.find((each) => each.name === 'log');
    expect(volume?.persistentVolumeClaim).toEqual({ claimName: 'chbackup-log' });
    expect(podOf(job).affinity).toEqual({
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          {
            topologyKey: 'kubernetes.io/hostname',
            labelSelector: { matchLabels: jobSpecOf(job).template.metadata.labels },
          },
        ],
      },
    });
  }
});

test('without a volume, a DIFF finds its base on the remote storage', () => {
  const { jobs, claims } = readManifest('chbackup-without-volume.yaml');
  expect(claims).toEqual([]);
  for (const job of jobs) {
    expect(argsOf(job).includes('--find-base')).toBe(argsOf(job).includes('create-diff'));
    expect(podOf(job).volumes.find((each) => each.name === 'log')?.emptyDir).toEqual({});
    expect(podOf(job).affinity).toBeUndefined();
  }
});
