import { describe } from 'vitest'
import { onSandbox } from './grounds.ts'
import { testsOfEgress } from './egress.ts'

describe('a way out of the sandbox', { timeout: 120_000 }, () => testsOfEgress(onSandbox))
