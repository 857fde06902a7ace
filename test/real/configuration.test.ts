import { expect } from 'vitest';
import { makeFull } from './make-chain.js';
import { onEachServer } from './on-each-server.js';

onEachServer('a configuration that disables something', (test) => {
  test('upload_by_part: false, and the base only remote: the upload is repeated in full', async ({
    stack,
  }) => {
    const { api } = stack;
    const full = await makeFull(stack);
    await api.deleteLocal(full);
    api.configure({ upload_by_part: false });
    const { exitCode, stderr } = await stack.run('create-diff');
    expect(stderr).toContain('this backup is uploaded in full');
    const uploads = (await api.actions()).filter(({ command }) => / DIFF_\S+$/.test(command));
    const [diff] = uploads.map(({ command }) => command.split(' ').at(-1));
    expect(uploads.map(({ command }) => command)).toEqual([
      `create ${diff}`,
      ...(api.comparesChecksums ? [`upload --diff-from-remote="${full}" ${diff}`] : []),
      `upload ${diff}`,
    ]);
    expect(stderr.includes('require `upload_by_part` equal true')).toBe(api.comparesChecksums);
    // With this setting, the server reads a column that ClickHouse 18.16 does not have.
    if (exitCode !== 0) expect(stderr).toContain('Unknown identifier: disk_name');
    expect(stack.journal()).toBeUndefined();
  });

  test("remote_storage: none: fails with the server's error", async ({ stack }) => {
    await makeFull(stack);
    stack.api.configure({ remote_storage: 'none' });
    const { exitCode, stderr } = await stack.run('create-full');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/ failed: .*remote_storage shall not be "none" for upload/);
    expect(stderr).not.toContain('may be down');
    expect(stack.journal()).toBeUndefined();
  });
});
