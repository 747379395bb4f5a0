import assert from 'node:assert/strict'
import { test } from 'node:test'
import { base32, launchId, sha256Hex } from '../../../packages/kit/src/digest.ts'

test('digests are those of the standards', () => {
  assert.equal(sha256Hex('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  assert.equal(base32(Buffer.from('foobar')), 'mzxw6ytboi')
})

test('the id of a launch follows from what is launched', () => {
  const id = launchId('ns', 'run', 'item', 1, 'main')
  assert.match(id, /^sm[a-z2-7]{32}$/)
  assert.equal(id, launchId('ns', 'run', 'item', 1, 'main'))
  assert.notEqual(id, launchId('ns', 'run', 'item', 2, 'main'))
})
