import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { BackupApi } from './backup-api.js';
import type { Stack } from './stack.js';

/**
 * Makes a remote backup incomplete: its `metadata.json` is left, without its tables. Up to 2.8.0, the
 * server itself does this when it resumes the upload of a deleted backup; later servers upload it
 * completely, so there the folders are removed. The local copies of other backups are deleted, because up
 * to 2.7.0 the first increment ends the resuming of uploads.
 */
export async function makeIncomplete({ api, storage }: Stack, backup: string): Promise<void> {
  const folder = `shard1/${backup}`;
  for (const { name } of await api.list('local')) if (name !== backup) await api.deleteLocal(name);
  const contents = [`${folder}/metadata`, `${folder}/shadow`];
  if (api.resumesCompletely) {
    for (const each of contents) storage.remove(each);
  } else {
    await api.act(`delete remote ${backup}`);
    expect(storage.list(folder)).toEqual([]);
    await api.kill();
    await api.start({ resumes: true });
    await storage.waitForFile(`${folder}/metadata.json`);
    await waitUntilIdle(api);
  }
  expect(contents.flatMap((each) => storage.list(`${each}/`))).toEqual([]);
  const row = (await api.list('remote')).find(({ name }) => name === backup);
  expect(row?.desc).toBe('tar, regular');
}

/** Waits for the end of all resumed uploads: there is a gap after each of them. */
async function waitUntilIdle(api: BackupApi): Promise<void> {
  for (let idle = 0; idle < 5; await sleep(100)) {
    const isBusy = (await api.actions()).some(({ status }) => status === 'in progress');
    idle = isBusy ? 0 : idle + 1;
  }
}
