import { it } from 'vitest'
import { registerWithFaults } from './fault-suites.ts'

registerWithFaults(
  (id) => id === 'storage/constant-memory',
  (name, body) => it(name, body, 90_000),
)
