import type { AuditAnchor, Claim, Journal, Problem, Proof, Signer, StorageProvider } from '@seamark/core'
import { describe, expect, it } from 'vitest'
import type { Requirements } from '../src/index.ts'
import { shortfalls } from '../src/index.ts'

const claim = (value: boolean, proof: Proof = 'tested'): Claim<boolean> => ({ value, proof })
const unused = (): never => {
  throw new Error('Requirements are compared with data only.')
}

const storage: StorageProvider = {
  spec: 'storage/v1',
  kind: 'test',
  name: 's3',
  guarantees: {
    durable: claim(true, 'unproven'),
    conditionalWrite: claim(false, 'probed'),
    verifiedRead: claim(true),
    verifiedRange: claim(false),
  },
  put: unused,
  get: unused,
  head: unused,
  list: unused,
}

const journal: Journal = {
  spec: 'journal/v1',
  kind: 'test',
  name: 'journal',
  guarantees: { durable: claim(false, 'probed'), fenced: claim(true), reserve: claim(false), erasing: claim(false) },
  acquire: unused,
  append: unused,
  commitCheckpoint: unused,
  head: unused,
  read: unused,
  hashes: unused,
  saveState: unused,
  loadState: unused,
  purge: unused,
  close: unused,
}

const anchor = (name: string, beyondOperator: Claim<boolean>): AuditAnchor => ({
  spec: 'anchor/v1',
  kind: 'test',
  name,
  guarantees: { beyondOperator, time: claim(false) },
  anchor: unused,
  check: unused,
  latest: unused,
})

const signer = (role: 'log' | 'export', keyConfined: Claim<boolean>): Signer => ({
  spec: 'signer/v1',
  kind: 'test',
  name: role,
  role,
  guarantees: { keyConfined },
  sign: unused,
  publicKey: unused,
})

const parts = {
  storage,
  journal,
  anchors: [anchor('file', claim(false)), anchor('lock', claim(true, 'unproven'))],
  signer: signer('log', claim(true, 'unproven')),
  exportSigner: signer('export', claim(false)),
}

const places = (problems: readonly Problem[]) => problems.map(({ place }) => place?.pointer)

describe('a requirement', () => {
  const cases: readonly (readonly [string, Requirements, readonly string[]])[] = [
    ['nothing', {}, []],
    ['of a storage that keeps it', { storage: { durable: true, verifiedRead: true } }, []],
    ['of a storage that does not', { storage: { durable: true, conditionalWrite: true } }, ['/storage']],
    [
      'of each promise of a storage',
      { storage: { conditionalWrite: true, verifiedRange: true } },
      ['/storage', '/storage'],
    ],
    ['of a storage, proven', { storage: { durable: true, verifiedRead: true, proof: 'tested' } }, ['/storage']],
    ['of a journal that keeps it', { journal: { fenced: true, proof: 'tested' } }, []],
    ['of a journal that was found out', { journal: { durable: true, fenced: true } }, ['/journal']],
    ['of each promise of a journal', { journal: { reserve: true, erasing: true } }, ['/journal', '/journal']],
    ['of a journal, probed', { journal: { fenced: true, proof: 'probed' } }, ['/journal']],
    ['of anchors that are there', { anchors: 2 }, []],
    ['of more anchors', { anchors: 3 }, ['/anchors']],
    ['of an anchor beyond the operator', { anchors: { count: 1, beyondOperator: true } }, []],
    ['of two of them', { anchors: { count: 2, beyondOperator: true } }, ['/anchors']],
    ['of one that is proven', { anchors: { count: 1, beyondOperator: true, proof: 'tested' } }, ['/anchors']],
    ['of one that proves a time', { anchors: { count: 1, time: true } }, ['/anchors']],
    ['of a key that is confined', { signer: { keyConfined: true } }, []],
    ['of a key that is, proven', { signer: { keyConfined: true, proof: 'tested' } }, ['/signer']],
    ['of a key that is not', { exportSigner: { keyConfined: true } }, ['/exportSigner']],
  ]
  it.each(cases)('%s', (_, required, expected) => {
    const problems = shortfalls(required, parts)
    expect(places(problems)).toEqual(expected)
    for (const { code, remedy } of problems) {
      expect(code).toBe('UNSUPPORTED')
      expect(remedy).not.toBe('')
    }
  })

  it('of what is not known yet is not judged', () => {
    const required: Requirements = { storage: { conditionalWrite: true }, journal: { reserve: true }, anchors: 5 }
    expect(shortfalls(required, {})).toEqual([])
  })
})
