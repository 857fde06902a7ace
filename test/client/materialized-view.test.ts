import { expect, test } from 'vitest';
import { materializedViewTarget } from '../../src/client/api/materialized-view.js';

const target = (table: string, database = 'shop') => ({ database, table });

test.for([
  // ClickHouse 18.16, as returned by clickhouse-backup 2.4.0 and 2.8.1.
  [
    'CREATE MATERIALIZED VIEW shop.mv TO shop.target ( day Date,  id UInt64) AS SELECT day, id FROM shop.orders ',
    target('target'),
  ],
  [
    'CREATE MATERIALIZED VIEW shop.mv ( day Date,  id UInt64) ENGINE = MergeTree(day, id, 8192) AS SELECT day, id FROM shop.orders ',
    undefined,
  ],
  // Newer ClickHouse.
  [
    "CREATE MATERIALIZED VIEW shop.mv UUID 'a3a8f9f1-5a5e-4b0e-9c58-3d0b3f9c1a11' TO INNER UUID 'b3a8f9f1-5a5e-4b0e-9c58-3d0b3f9c1a11' (`id` UInt64) ENGINE = MergeTree ORDER BY id AS SELECT id FROM shop.orders",
    undefined,
  ],
  [
    'CREATE MATERIALIZED VIEW shop.mv (`id` UInt64) ENGINE = MergeTree ORDER BY id AS SELECT id FROM shop.orders',
    undefined,
  ],
  [
    'CREATE MATERIALIZED VIEW shop.mv TO `old shop`.`or\\`der` AS SELECT 1',
    target('or`der', 'old shop'),
  ],
  ['CREATE MATERIALIZED VIEW shop.mv TO plain (`id` UInt64) AS SELECT 1', target('plain')],
  ['CREATE MATERIALIZED VIEW `a TO b`.mv (`id` UInt64) ENGINE = Log AS SELECT 1', undefined],
  [
    'CREATE MATERIALIZED VIEW shop.mv REFRESH EVERY 1 HOUR APPEND TO other.t (`id` UInt64) DEFINER = default SQL SECURITY DEFINER AS SELECT 1',
    target('t', 'other'),
  ],
  ['ATTACH MATERIALIZED VIEW mv TO shop.t AS SELECT 1', target('t')],
  // The text of the SELECT is ignored.
  [
    "CREATE MATERIALIZED VIEW shop.mv (`s` String) ENGINE = MergeTree ORDER BY s AS SELECT ' TO shop.t' AS s",
    undefined,
  ],
  ['', undefined],
] as const)('%s', ([query, expected]) => {
  expect(materializedViewTarget(query, 'shop')).toEqual(expected);
});
