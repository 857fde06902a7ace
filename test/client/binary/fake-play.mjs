// A fake clickhouse-backup for tests. It behaves like one version, including its output streams
// and exit codes. For a call that it does not support, it prints an error and exits with 70.
//
//   FAKE_VERSION  2.4.0, 2.6.30 or 2.8.1 (which reports its version as HEAD, like the recorded one)
//   FAKE_CALLS    a file; each call is appended: {"args": […], "env": {…}} (LOG_LEVEL, TMPDIR,
//                 FAKE_*, CHBACKUP_* and CLICKHOUSE_* variables only)
//   FAKE_STATE    a JSON file; without it, the first recording in test/recordings with the same
//                 arguments is replayed. With it, commands read and change this state:
//
//   local, remote   backups: {name, created: "2026-11-22 13:03:56", bytes, required, tables, …}
//                   tables: {"shop.orders": bytes} is the data that a restore adds
//                   broken: "broken (can't stat metadata.json)"; oldFormat: true (2.4.0, local)
//   tables          ClickHouse's: {"shop.orders": bytes}
//   engines         {"shop.lines": "Log"}: the others are MergeTree. If ignoresEnvironment is
//                   true, CLICKHOUSE_SKIP_TABLE_ENGINES in the environment is ignored
//   skippedEngines  "Log,Memory": skip_table_engines in its configuration
//   replicated      ["shop.orders"]: 2.4.0 skips them without an error, unless the check is off
//   version         the version that --version prints; null: it prints another text
//   busy            {command: "upload", times: 2}: that many changing commands fail as busy
//   fail            {restore: "text"}: that command fails with this text (works for any command)
//   failNames       {NAME: "text"}: deletes of that backup fail with this text
//   stderr          {list: "text"}: that command writes this first, then continues
//   storageDown     the remote storage lists as empty, with a warning; a delete finds nothing
//   mute            ["list"]: that command writes nothing and exits with 0
//   killed          {restore: "SIGKILL"}: that command is ended by this signal
//   hang            ["restore"]: that command never ends by itself; its pid is in FAKE_STATE.pid
//   slowMs          {restore: 300}: that command sleeps this long before it starts its work
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { helpTexts } from './fake-help.mjs';
import { listAsJson, listAsText, tableRows } from './fake-rows.mjs';

/** Ends the program with an exit code or by a signal. */
class Exit extends Error {
  constructor(exitCode, signal) {
    super('the program ends');
    this.exitCode = exitCode;
    this.signal = signal;
  }
}

/**
 * Plays one call: `given` are its arguments, `out` and `err` receive its output, `killed` ends a
 * hanging call. Returns its exit code or the signal that ended it.
 */
export async function play({ given, env, out, err, killed }) {
  const version = env.FAKE_VERSION ?? '2.8.1';
  const isOld = version === '2.4.0';
  const isNew = version === '2.8.1';
  const end = given.indexOf('--') === -1 ? given.length : given.indexOf('--');
  const before = given.slice(0, end);
  const args = [...before, ...given.slice(end + 1)];
  const [command = ''] = args;
  const positional = [
    ...before.filter((arg, index) => !arg.startsWith('-') && before[index - 1] !== '--format'),
    ...given.slice(end + 1),
  ];
  const flag = (name) =>
    before.find((arg) => arg.startsWith(`--${name}=`))?.slice(`--${name}=`.length);
  const has = (name) => before.includes(`--${name}`);

  if (env.FAKE_CALLS) {
    const kept = Object.entries(env).filter(([name]) =>
      /^(LOG_LEVEL|TMPDIR|FAKE_|CHBACKUP_|CLICKHOUSE_)/.test(name),
    );
    const call = { args: given, env: Object.fromEntries(kept) };
    appendFileSync(env.FAKE_CALLS, `${JSON.stringify(call)}\n`);
  }

  try {
    if (has('help')) {
      out(helpTexts(version, command));
    } else if (env.FAKE_STATE) {
      await playState(env.FAKE_STATE);
    } else {
      playRecording();
    }
    return { exitCode: 0 };
  } catch (exit) {
    if (exit instanceof Exit) return { exitCode: exit.exitCode, signal: exit.signal };
    if (killed?.aborted) return { signal: 'SIGTERM' };
    throw exit;
  }

  function playRecording() {
    const read = (name) =>
      JSON.parse(readFileSync(new URL(`../../recordings/${name}`, import.meta.url), 'utf8'));
    const key = args.filter((arg) => arg !== 'all' && arg !== '--all').join(' ');
    const found =
      read(`${version}.json`).cli.find((each) => each.args.join(' ') === key) ??
      read('cli-tables.json').find(
        (each) =>
          each.args.join(' ').replace(/--table[= ]/, '--tables=') === key &&
          each.server.includes(version),
      );
    if (found === undefined) unknown(`no recording of ${version}: ${key}`);
    out(quieter(found.stdout));
    // Recordings omit the stack trace after an error.
    err(quieter(found.stderr).replace(/( FTL .*\n)\[\.\.\.\]\n/, '$1stack:\n'));
    throw new Exit(found.exit);
  }

  /** Removes the lines that LOG_LEVEL would have suppressed. */
  function quieter(text) {
    if (!['warning', 'error'].includes(env.LOG_LEVEL)) return text;
    return text.replace(
      /^\d{4}[-/]\d\d[-/]\d\d \d\d:\d\d:\d\d\.\d+ +(info|INF|debug|DBG) .*\n/gm,
      '',
    );
  }

  async function playState(file) {
    const state = JSON.parse(readFileSync(file, 'utf8'));
    const save = () => writeFileSync(file, JSON.stringify(state, null, 2));
    if (isOld && command !== '--version') {
      out('WARNING: version 18.16.1 of ClickHouse is not supported by this client\n');
    }
    if (state.stderr?.[command]) err(`${state.stderr[command]}\n`);
    if (state.hang?.includes(command)) {
      writeFileSync(`${file}.pid`, String(process.pid));
      await sleep(2 ** 30, undefined, { signal: killed });
    }
    if (state.slowMs?.[command]) await sleep(state.slowMs[command]);
    if (state.killed?.[command]) throw new Exit(undefined, state.killed[command]);
    if (state.mute?.includes(command)) return;
    if (state.fail?.[command]) fail(state.fail[command]);
    if (['download', 'restore', 'delete'].includes(command) && state.busy?.times > 0) {
      state.busy.times--;
      save();
      const name = isNew || version === '2.6.30' ? `\`${state.busy.command}\`` : state.busy.command;
      const who = '(pid=12, pidPath=/tmp/clickhouse-backup.N.pid, cmdLine=clickhouse-backup)';
      fail(
        `another clickhouse-backup ${name} command is already running 2026-11-22T13:00:00Z ${who}`,
      );
    }
    const commands = { list, tables, download, restore, delete: remove, '--version': tellVersion };
    if (commands[command] === undefined) unknown(`unknown command: ${args.join(' ')}`);
    commands[command](state);
    save();
  }

  function tellVersion(state) {
    if (state.version === null) return void out('GNU something 1.0\n');
    const called = state.version ?? (isNew ? 'HEAD' : version);
    out(`Version:\t ${called}\nGit Commit:\t unknown\nBuild Date:\t unknown\n`);
  }

  function list(state) {
    const where = positional[1] ?? 'all';
    const local = where === 'remote' ? [] : state.local.map((row) => ({ ...row, at: 'local' }));
    let remote = where === 'local' ? [] : state.remote.map((row) => ({ ...row, at: 'remote' }));
    if (state.storageDown && where !== 'local') {
      remote = [];
      warn('BackupList bd.Walk return error: dial tcp 127.0.0.1:21: connect: connection refused');
    }
    if (has('format')) {
      if (!isNew) fail(isOld ? "'--format' undefined" : 'flag provided but not defined: -format');
      return void out(`${listAsJson([...local, ...remote])}\n`);
    }
    out(listAsText([...local, ...remote], version));
  }

  function tables(state) {
    const pattern = (flag('tables') ?? '*').replaceAll('.', '\\.').replaceAll('*', '.*');
    const configured = state.skippedEngines ?? '';
    const skipped = state.ignoresEnvironment
      ? configured
      : (env.CLICKHOUSE_SKIP_TABLE_ENGINES ?? configured);
    const isListed = (name) =>
      new RegExp(`^${pattern}$`).test(name) && !skipped.split(',').includes(engineOf(state, name));
    const matching = Object.entries(state.tables).filter(([name]) => isListed(name));
    // The inner table of a materialized view is listed with it.
    const inner = matching
      .filter(([name]) => engineOf(state, name) === 'MaterializedView')
      .map(([name]) => name.replace('.', '..inner.'))
      .filter((name) => state.tables[name] !== undefined && !isListed(name))
      .map((name) => [name, state.tables[name]]);
    const found = [...inner, ...matching];
    out(tableRows(found, version));
  }

  function engineOf(state, name) {
    return state.engines?.[name] ?? 'MergeTree';
  }

  function download(state) {
    const name = positional[1];
    const source = state.remote.find((row) => row.name === name && !row.broken);
    if (source === undefined || state.storageDown) fail(`'${name}' is not found on remote storage`);
    const leftover = isOld && state.local.some((row) => row.name === name && row.oldFormat);
    if (leftover) state.local = state.local.filter((row) => row.name !== name);
    if (state.local.some((row) => row.name === name)) {
      if (isOld) return;
      fail(`'${name}' backup is already exists`);
    }
    const base = source.required;
    if (isOld && base && !state.local.some((row) => row.name === base)) {
      state.local.push({
        name: base,
        created: source.created,
        bytes: 0,
        required: '',
        oldFormat: true,
      });
    }
    state.local.push({ ...source, required: isOld ? '' : base });
  }

  function restore(state) {
    const name = positional[1];
    const source = state.local.find((row) => row.name === name && !row.broken && !row.oldFormat);
    if (source === undefined) {
      const path = `/var/lib/clickhouse/backup/${name}/metadata.json: no such file or directory`;
      fail(isOld ? `can't restore: backup '${name}' is not found` : `open ${path}`);
    }
    const table = flag('tables') ?? unknown('restore without --tables');
    const bytes = source.tables?.[table];
    if (bytes === undefined) {
      fail(`${isOld ? 'no have found' : 'not found'} schemas by ${table} in ${name}`);
    }
    if (isOld && flag('restore-table-mapping')) {
      fail('flag provided but not defined: -restore-table-mapping');
    }
    const [database, short] = table.split('.');
    const mapped = (from, mapping) =>
      mapping?.startsWith(`${from}:`) ? mapping.split(':')[1] : from;
    const target = [
      mapped(database, flag('restore-database-mapping')),
      mapped(short, flag('restore-table-mapping')),
    ].join('.');
    if (!has('data') || has('schema')) state.tables[target] = 0;
    if (state.tables[target] === undefined) {
      fail(`${target} is not created. Restore schema first or create missing tables manually`);
    }
    const skips =
      isOld &&
      state.replicated?.includes(target) &&
      env.CLICKHOUSE_CHECK_REPLICAS_BEFORE_ATTACH !== 'false';
    if (!skips) state.tables[target] += bytes;
    const inner = target.replace('.', '..inner.');
    const innerBytes = source.tables?.[table.replace('.', '..inner.')];
    if (innerBytes === undefined) return;
    state.tables[inner] = (has('data') ? (state.tables[inner] ?? 0) : 0) + innerBytes;
  }

  function remove(state) {
    const [, where, name] = positional;
    if (state.failNames?.[name]) fail(state.failNames[name]);
    const rows = state[where] ?? fail(`Unknown command '${where}'`);
    const down = state.storageDown && where === 'remote';
    if (down || !rows.some((row) => row.name === name))
      fail(`'${name}' is not found on ${where} storage`);
    const dependents = rows.filter((row) => row.required === name).map((row) => row.name);
    if (isNew && dependents.length > 0) {
      fail(
        `'${name}' is required by ${where} backup(s) ${dependents.join(', ')}, deleting it breaks the ` +
          'incremental backups chain, delete the dependent backup(s) first or use `--force`',
      );
    }
    state[where] = rows.filter((row) => row.name !== name);
  }

  function warn(text) {
    if (isOld) out(`2026/11/22 13:00:00.123456  warn ${text.padEnd(25)} logger=FTP\n`);
    else err(`2026-11-22 13:00:00.123 WRN pkg/storage/general.go:450 > ${text}\n`);
  }

  function fail(text) {
    if (isOld) {
      out(`2026/11/22 13:00:00.123456 error ${text.padEnd(25)}\n`);
    } else if (isNew) {
      err(
        `2026-11-22 13:00:00.123 FTL cmd/clickhouse-backup/main.go:1016 > , error=${text}\n` +
          'stack:\nmain.main()\n\tcmd/clickhouse-backup/main.go:1015\n\n\n',
      );
    } else {
      const quoted = JSON.stringify(text);
      err(`2026-11-22 13:00:00.123 FTL cmd/clickhouse-backup/main.go:761 > error=${quoted}\n`);
    }
    throw new Exit(1);
  }

  function unknown(text) {
    err(`fake clickhouse-backup: ${text}\n`);
    throw new Exit(70);
  }
}
