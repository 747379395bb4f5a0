import { it, vi } from 'vitest'
import { registerWithFaults } from './fault-suites.ts'

vi.setConfig({ maxConcurrency: 8 })

// Cases wait out their faults at the same time. The one that measures memory runs in a process of its own.
registerWithFaults(
  (id) => id !== 'storage/constant-memory',
  (name, body) => it.concurrent(name, body, 90_000),
)
