import * as z from 'zod/mini';

/** The shapes of responses; unknown fields are ignored. */

/** clickhouse-backup-api.md#action-rows */
export const actionRow = z.object({
  command: z.string(),
  status: z.enum(['in progress', 'success', 'error', 'cancel']),
  start: z.string(),
  finish: z.optional(z.string()),
  error: z.optional(z.string()),
  operation_id: z.optional(z.string()),
});

/** clickhouse-backup-api.md#list-rows */
export const listRow = z.object({
  name: z.string(),
  created: z.string(),
  size: z.optional(z.number()),
  data_size: z.optional(z.number()),
  compressed_size: z.optional(z.number()),
  location: z.enum(['local', 'remote']),
  required: z._default(z.string(), ''),
  desc: z._default(z.string(), ''),
});

/** clickhouse-backup-api.md#tables */
export const tableRow = z.object({
  Database: z.string(),
  Name: z.string(),
  Engine: z._default(z.string(), ''),
  UUID: z._default(z.string(), ''),
  CreateTableQuery: z._default(z.string(), ''),
  TotalBytes: z._default(z.number(), 0),
  Skip: z._default(z.boolean(), false),
});

/** clickhouse-backup-api.md#tables-of-a-backup */
export const backupTableRow = z.object({
  database: z.string(),
  table: z.string(),
  size: z.string(),
  parts: z.number(),
});

/** clickhouse-backup-api.md#answers */
export const acknowledgement = z.object({
  status: z.string(),
  operation: z.string(),
  backup_name: z.optional(z.string()),
  operation_id: z.optional(z.string()),
});

/** clickhouse-backup-api.md#errors */
export const errorAnswer = z.object({ error: z.string() });

/** clickhouse-backup-api.md#version */
export const versionAnswer = z.object({ version: z.string() });
