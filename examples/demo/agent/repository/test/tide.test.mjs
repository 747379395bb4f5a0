import assert from 'node:assert/strict'
import { test } from 'node:test'
import { depthOver } from '../src/tide.mjs'

test('low water leaves what the datum leaves', () => assert.equal(depthOver(40, 0), 100))
test('a metre of tide is a metre of water', () => assert.equal(depthOver(40, 1) - depthOver(40, 0), 100))
test('a ship of two metres passes at half tide', () => assert.ok(depthOver(100, 1.6) >= 200))
