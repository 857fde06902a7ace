import type { Call } from './call.js';
import { answerKill } from './killing.js';
import { answerPostedActions } from './posted-actions.js';
import {
  answerActions,
  answerHealth,
  answerList,
  answerMetrics,
  answerStatus,
  answerAllTables,
  answerTables,
  answerVersion,
} from './reading.js';
import { type Answer, plainText } from './replies.js';
import { answerClean, answerDelete, answerRestart, answerStart, answerWatch } from './starting.js';
import type { VersionProfile } from './versions.js';

interface Route {
  template: string;
  methods: readonly string[];
  answer: (call: Call) => Answer | Promise<Answer>;
  exists?: (profile: VersionProfile) => boolean;
  /** Not among the lines of `GET /`. */
  isUnlisted?: boolean;
}

const get = ['GET'];
const post = ['POST'];
const both = ['GET', 'POST'];

/** The routes in the order of `GET /` (exchange "probe"). */
const routes: readonly Route[] = [
  { template: '/', methods: get, answer: answerRoot },
  { template: '/', methods: post, answer: answerRestart },
  { template: '/restart', methods: both, answer: answerRestart },
  {
    template: '/backup/version',
    methods: get,
    answer: answerVersion,
    exists: (profile) => profile.hasVersionRoute,
  },
  { template: '/backup/kill', methods: both, answer: answerKill },
  { template: '/backup/watch', methods: both, answer: answerWatch },
  { template: '/backup/tables', methods: get, answer: answerTables },
  { template: '/backup/tables/all', methods: get, answer: answerAllTables },
  { template: '/backup/list', methods: get, answer: answerList },
  { template: '/backup/list/{where}', methods: get, answer: answerList },
  { template: '/backup/create', methods: post, answer: answerStart('create') },
  {
    template: '/backup/create_remote',
    methods: post,
    answer: answerStart('create_remote'),
    exists: (profile) => profile.hasRemoteShortcuts,
  },
  { template: '/backup/clean', methods: post, answer: answerClean('clean') },
  {
    template: '/backup/clean/remote_broken',
    methods: post,
    answer: answerClean('clean_remote_broken'),
  },
  {
    template: '/backup/clean/local_broken',
    methods: post,
    answer: answerClean('clean_local_broken'),
    exists: (profile) => profile.hasLocalBrokenRoute,
  },
  { template: '/backup/upload/{name}', methods: post, answer: answerStart('upload') },
  { template: '/backup/download/{name}', methods: post, answer: answerStart('download') },
  {
    template: '/backup/rebase/{name}',
    methods: post,
    answer: answerStart('rebase'),
    exists: (profile) => profile.hasRebaseRoute,
  },
  {
    template: '/backup/rebalance/{name}',
    methods: post,
    answer: answerStart('rebalance'),
    exists: (profile) => profile.hasRebaseRoute,
  },
  { template: '/backup/restore/{name}', methods: post, answer: answerStart('restore') },
  {
    template: '/backup/restore_remote/{name}',
    methods: post,
    answer: answerStart('restore_remote'),
    exists: (profile) => profile.hasRemoteShortcuts,
  },
  { template: '/backup/delete/{where}/{name}', methods: post, answer: answerDelete },
  { template: '/backup/status', methods: get, answer: answerStatus },
  { template: '/backup/actions', methods: get, answer: answerActions },
  { template: '/backup/actions', methods: post, answer: answerPostedActions },
  { template: '/health', methods: get, answer: answerHealth, isUnlisted: true },
  { template: '/metrics', methods: get, answer: answerMetrics, isUnlisted: true },
];

/**
 * Answers `GET /`, by whose routes a client can distinguish versions
 * (clickhouse-backup-api.md#version).
 */
function answerRoot({ server }: Call): Answer {
  const { profile } = server;
  const listed = routes.filter((route) => !route.isUnlisted && route.exists?.(profile) !== false);
  const body = [
    ...(profile.hasVersionRoute ? [`Version: ${profile.versionText}`] : []),
    'Documentation: https://github.com/Altinity/clickhouse-backup#api',
    ...listed.map((route) => route.template),
  ];
  return plainText('text/plain; charset=UTF-8', body.map((line) => `${line}\n`).join(''));
}

const splitRoutes = routes.map((route) => ({ route, parts: route.template.split('/') }));

function parametersOf(wanted: readonly string[], given: readonly string[]): string[] | undefined {
  if (wanted.length !== given.length) return undefined;
  const parameters: string[] = [];
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? '';
    if (!part.startsWith('{')) {
      if (part !== value) return undefined;
    } else if (value === '') {
      return undefined;
    } else {
      parameters.push(value);
    }
  }
  return parameters;
}

/**
 * Finds the route of a decoded path: a slash in a name, encoded or not, never routes
 * (clickhouse-backup-api.md#changed-names).
 */
export function findRoute(
  profile: VersionProfile,
  method: string,
  path: string,
): { answer: Route['answer']; parameters: string[] } | 'unknown' | 'wrong method' {
  let result: 'unknown' | 'wrong method' = 'unknown';
  const given = path.split('/');
  for (const { route, parts } of splitRoutes) {
    if (route.exists?.(profile) === false) continue;
    const parameters = parametersOf(parts, given);
    if (!parameters) continue;
    if (route.methods.includes(method)) return { answer: route.answer, parameters };
    result = 'wrong method';
  }
  return result;
}
