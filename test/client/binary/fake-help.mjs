/** Returns the parts of the real `--help` texts that the client reads, with some context. */
export function helpTexts(version, command) {
  if (command === 'list') {
    const options = ['   --config value, -c value  Config FILE name.'];
    if (version === '2.8.1') {
      options.push('   --format value, -f value   Output format (text|json|yaml|csv|tsv)');
    }
    return `NAME:\n   clickhouse-backup list - List of backups\n\nOPTIONS:\n${options.join('\n')}\n`;
  }
  const commands = ['tables', 'create', 'upload', 'list', 'download', 'restore', 'delete'];
  if (version === '2.8.1') commands.push('rebase', 'rebalance');
  const lines = commands.map((name) => `   ${name.padEnd(20)} …`);
  return `NAME:\n   clickhouse-backup\n\nCOMMANDS:\n${lines.join('\n')}\n`;
}
