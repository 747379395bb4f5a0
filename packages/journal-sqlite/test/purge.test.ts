import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { leafHash } from '@seamark/log'
import { expect, it } from 'vitest'
import { sqliteJournal } from '../src/index.ts'
import { temporaryFolder } from './subject.ts'

it('leaves no byte of a purged payload in any file', async () => {
  const dir = temporaryFolder()
  const { journal } = sqliteJournal({ dir, reserveBytes: 0 })
  const lease = await journal.acquire('default', 'test')
  const found = (text: string): readonly string[] =>
    readdirSync(join(dir, 'default')).filter((file) => readFileSync(join(dir, 'default', file)).includes(text))
  for (let seq = 0; seq < 40; seq++) {
    const header = Buffer.from(`{"seq":${seq}}`)
    const bytes = Buffer.from(`the secret of record ${seq} `.repeat(seq % 2 === 0 ? 1 : 2_000))
    const nodes = seq % 16 === 15 ? [{ level: 4, index: Math.floor(seq / 16), hash: Buffer.alloc(32) }] : []
    const records = [{ seq, header, leaf: leafHash(header) }]
    await journal.append(lease, seq, {
      records,
      payloads: [{ seq, salt: Buffer.alloc(32, 7), bytes }],
      nodes,
      changes: [],
    })
  }
  expect(found('the secret of record')).not.toEqual([])
  await journal.purge(
    lease,
    Array.from({ length: 39 }, (_, i) => i),
  )
  for (let seq = 0; seq < 39; seq++) expect(found(`the secret of record ${seq} `)).toEqual([])
  expect(found('the secret of record 39 ')).toEqual(['journal.db'])
  await journal.close()
  rmSync(dir, { recursive: true })
})
