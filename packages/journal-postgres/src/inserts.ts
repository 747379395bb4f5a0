import type { ItemRow, JournalBatch, RecordEntry, RunRow, UsageRow } from '@seamark/core'
import { payloadCrc, usageKey } from '@seamark/journal'
import { crc32 } from 'node:zlib'
import { byteaArray, int8Array, textArray } from './binary-array.ts'
import type { Rows } from './changes.ts'
import { nameBytes } from './changes.ts'
import type { NewRun, RunIds } from './run-ids.ts'
import type { Tables } from './schema.ts'

/** What one statement writes. */
export interface Part {
  readonly records: readonly RecordEntry[]
  readonly payloads: JournalBatch['payloads']
  readonly nodes: JournalBatch['nodes']
  readonly rows: Rows
  /** Runs that are named for the first time. */
  readonly fresh: readonly NewRun[]
}

interface Insert {
  readonly into: Exclude<keyof Tables, 'schema'>
  /** Columns and their types, in the order of `partValues`. */
  readonly columns: readonly (readonly [string, 'int8' | 'text' | 'bytea'])[]
  /** Where a row is replaced. */
  readonly key?: string
}

const stored = [
  ['crc', 'int8'],
  ['body', 'text'],
] as const

const parts: readonly Insert[] = [
  {
    into: 'runNames',
    columns: [
      ['id', 'int8'],
      ['run', 'text'],
    ],
  },
  {
    into: 'records',
    columns: [
      ['seq', 'int8'],
      ['run', 'int8'],
      ['leaf', 'bytea'],
      ['header', 'bytea'],
    ],
  },
  {
    into: 'payloads',
    columns: [
      ['seq', 'int8'],
      ['crc', 'int8'],
      ['salt', 'bytea'],
      ['bytes', 'bytea'],
    ],
  },
  {
    into: 'nodes',
    columns: [
      ['level', 'int8'],
      ['at', 'int8'],
      ['hash', 'bytea'],
    ],
  },
  {
    into: 'runs',
    columns: [['run', 'text'], ['seq', 'int8'], ['status', 'text'], ['name', 'bytea'], ...stored],
    key: 'log, run',
  },
  {
    into: 'items',
    columns: [['run', 'int8'], ['at', 'int8'], ['item', 'text'], ['status', 'text'], ...stored],
    key: 'log, run, at',
  },
  {
    into: 'usage',
    columns: [['kind', 'text'], ['at', 'int8'], ['run', 'int8'], ...stored],
    key: 'log, kind, at',
  },
]

/** Number of the first parameter after the log and a column's array each. */
export const firstOfFence: number = 2 + parts.reduce((sum, { columns }) => sum + columns.length, 0)

/**
 * The parts of a statement that insert, each from arrays of its columns, `$2` and on, for each row of `log (id)`. All
 * are evaluated whatever the statement selects, in any order, on the same snapshot (PostgreSQL 15, 7.8.4).
 */
export function insertsOf(tables: Tables): string {
  let parameter = 2
  return parts
    .map(({ into, columns, key }) => {
      const names = columns.map(([name]) => name).join(', ')
      const arrays = columns.map(([, type]) => `$${parameter++}::${type}[]`).join(', ')
      const replaced = columns.map(([name]) => `${name} = excluded.${name}`).join(', ')
      const conflict = key === undefined ? '' : ` ON CONFLICT (${key}) DO UPDATE SET ${replaced}`
      return `put_${into} AS (
        INSERT INTO ${tables[into]} (log, ${names})
        SELECT log.id, n.* FROM log, unnest(${arrays}) AS n (${names})${conflict})`
    })
    .join(',\n')
}

/** The arrays, in the order of `parts`. */
export function partValues({ records, payloads, nodes, rows, fresh }: Part, ids: RunIds): Buffer[] {
  return [
    int8Array(fresh.map(({ id }) => id)),
    textArray(fresh.map(({ run }) => run)),
    int8Array(records.map(({ seq }) => seq)),
    int8Array(records.map(({ run }) => (run === undefined ? null : ids.idOf(run)))),
    byteaArray(records.map(({ leaf }) => leaf)),
    byteaArray(records.map(({ header }) => header)),
    int8Array(payloads.map(({ seq }) => seq)),
    int8Array(payloads.map(({ salt, bytes }) => payloadCrc(salt, bytes))),
    byteaArray(payloads.map(({ salt }) => salt)),
    byteaArray(payloads.map(({ bytes }) => bytes)),
    int8Array(nodes.map(({ level }) => level)),
    int8Array(nodes.map(({ index }) => index)),
    byteaArray(nodes.map(({ hash }) => hash)),
    ...runValues(rows.runs),
    ...itemValues(rows.items, (run) => ids.idOf(run)),
    ...usageValues(rows.usage, (run) => ids.idOf(run)),
  ]
}

function runValues(rows: readonly RunRow[]): Buffer[] {
  return [
    textArray(rows.map(({ run }) => run)),
    int8Array(rows.map(({ seq }) => seq)),
    textArray(rows.map(({ status }) => status)),
    byteaArray(rows.map(({ name }) => nameBytes(name))),
    ...textValues(rows),
  ]
}

function itemValues(rows: readonly ItemRow[], idOf: (run: string) => number): Buffer[] {
  return [
    int8Array(rows.map(({ run }) => idOf(run))),
    int8Array(rows.map(({ index }) => index)),
    textArray(rows.map(({ item }) => item)),
    textArray(rows.map(({ status }) => status)),
    ...textValues(rows),
  ]
}

function usageValues(rows: readonly UsageRow[], idOf: (run: string) => number): Buffer[] {
  return [
    textArray(rows.map(({ by }) => by)),
    int8Array(rows.map(usageKey)),
    int8Array(rows.map(({ run }) => (run === undefined ? null : idOf(run)))),
    ...textValues(rows),
  ]
}

function textValues(rows: readonly (RunRow | ItemRow | UsageRow)[]): Buffer[] {
  const texts = rows.map((one) => JSON.stringify(one))
  return [int8Array(texts.map((text) => crc32(text))), textArray(texts)]
}
