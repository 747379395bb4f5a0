import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { files } from '../tools/files.mjs'

test('every entry point says its licence', () => {
  for (const path of files('packages', /\/src\/index\.ts$/))
    assert.match(readFileSync(path, 'utf8'), /^\/\/ SPDX-License-Identifier: Apache-2\.0\n/, path)
})

test('dependencies are sorted', () => {
  for (const path of files('packages', /^packages\/[^/]+\/package\.json$/)) {
    const names = Object.keys(JSON.parse(readFileSync(path, 'utf8')).dependencies ?? {})
    assert.deepEqual(names, names.toSorted(), path)
  }
})
