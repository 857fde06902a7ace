-- Run once, at ClickHouse's first start with an empty data volume: a little data, so that the
-- first backup has something to hold (clickhouse-backup refuses an empty one).
CREATE DATABASE IF NOT EXISTS sample;

CREATE TABLE IF NOT EXISTS sample.events
(
    day Date,
    id UInt64,
    note String
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (day, id);

INSERT INTO sample.events
SELECT
    toDate('2024-01-01') + number % 60,
    number,
    concat('event ', toString(number))
FROM numbers(1000);
