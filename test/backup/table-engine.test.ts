import { describe, expect, test } from 'vitest';
import {
  enginesWithoutRows,
  rowsInBackup,
  savedEngines,
  unsavedEngines,
} from '../../src/backup/table-engine.js';

describe('what a backup contains, by table engine', () => {
  test.for([
    ...['MergeTree', 'ReplacingMergeTree', 'ReplicatedMergeTree', 'SharedMergeTree'],
    ...['ReplicatedAggregatingMergeTree', 'SharedVersionedCollapsingMergeTree'],
    ...['MaterializedMySQL', 'FutureMergeTree'],
  ])('%s: the rows', (engine) => {
    expect(rowsInBackup(engine)).toBe('saved');
  });

  test.for([
    ...['Log', 'TinyLog', 'StripeLog', 'Memory', 'Set', 'Join', 'File', 'Buffer'],
    ...['EmbeddedRocksDB', 'KeeperMap', 'TimeSeries', 'WindowView'],
    ...['NeverHeardOf', 'mergetree', 'MergeTreeIndex', ''],
  ])('%j: only the definition, although the table has rows', (engine) => {
    expect(rowsInBackup(engine)).toBe('unsaved');
  });

  test.for([
    ...['View', 'MaterializedView', 'LiveView', 'Distributed', 'Merge', 'Null', 'Dictionary'],
    ...['Kafka', 'RabbitMQ', 'S3Queue', 'MySQL', 'PostgreSQL', 'S3', 'URL', 'GenerateRandom'],
  ])('%s: the definition, because the table has no rows of its own', (engine) => {
    expect(rowsInBackup(engine)).toBe('none');
  });

  test('each engine is in one list only, which agrees with rowsInBackup', () => {
    const lists = { saved: savedEngines, none: enginesWithoutRows, unsaved: unsavedEngines };
    const all = Object.values(lists).flat();
    expect(new Set(all).size).toBe(all.length);
    for (const [rows, engines] of Object.entries(lists)) {
      for (const engine of engines) expect(rowsInBackup(engine)).toBe(rows);
    }
  });
});
