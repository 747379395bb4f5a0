import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

test('the inventory has every package', () => {
  const { packages } = JSON.parse(readFileSync('reports/inventory.json', 'utf8'))
  assert.deepEqual(
    packages.map(({ name }) => name),
    readdirSync('packages').sort(),
  )
})
