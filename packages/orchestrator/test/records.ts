import { expect } from 'vitest'
import type { AnyRecord, RecordKind } from '@seamark/core'

export const SUCCEEDED = { outcome: 'succeeded', reason: 'completed' } as const
export const FAILED = { outcome: 'failed', reason: 'exit-code' } as const

export function kinds(log: readonly AnyRecord[], run: string): string[] {
  return log
    .filter((record) => record.run === run)
    .map(({ kind, item: id }) => (id === undefined ? kind : `${kind} ${id}`))
}

export function only<K extends RecordKind>(log: readonly AnyRecord[], kind: K): Extract<AnyRecord, { kind: K }>[] {
  return log.filter((record): record is Extract<AnyRecord, { kind: K }> => record.kind === kind)
}

export async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500 && !condition(); tries++) await new Promise((resolve) => setTimeout(resolve, 2))
  expect(condition()).toBe(true)
}
